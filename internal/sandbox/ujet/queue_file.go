package ujet

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// queuesName is the file of the queue settings inside a zip.
const queuesName = "queues.json"

// queueSettings is the content of an export; its shape is the emulator's own, for none is public.
type queueSettings struct {
	Queues       map[int64]Menu `json:"queues"`
	ContactLists []ContactList  `json:"contact_lists"`
}

// queueFile writes the settings as they are.
func (e *Emulator) queueFile(tx *kit.Tx, o exportOptions) ([]byte, error) {
	lists, err := all[ContactList](tx, KindContactList)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(queueSettings{e.settings.Get().Menus, lists})
	if err != nil || !o.zipped() {
		return raw, err
	}
	type entry struct {
		name    string
		content []byte
	}
	files := []entry{{queuesName, raw}}
	if o.audio {
		files = append(files, entry{"audio/greeting.mp3", []byte("no sound")})
	}
	if o.attached {
		files = append(files, entry{"attached/terms.txt", []byte("no terms")})
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range files {
		w, err := archive.Create(f.name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err = archive.Close() // writes the directory
	return out.Bytes(), err
}

// readQueueFile reads an export back, zip or JSON.
func readQueueFile(content []byte) (queueSettings, bool) {
	var s queueSettings
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err == nil {
		f, err := archive.Open(queuesName)
		if err != nil {
			return s, false
		}
		defer func() { _ = f.Close() }()
		if content, err = io.ReadAll(io.LimitReader(f, fileLimit)); err != nil {
			return s, false
		}
	}
	return s, json.Unmarshal(content, &s) == nil && len(s.Queues) > 0
}

// importQueues is POST /queues/import: a file of settings, and the user who answers for it. The answer
// and the refusals are assumed.
func (e *Emulator) importQueues(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, file, err := readForm(w, r)
	if err != nil {
		return reply{}, err
	}
	if file == nil {
		return reply{}, missing("file")
	}
	email, err := e.actingUser(p)
	if err != nil {
		return reply{}, err
	}
	settings, ok := readQueueFile(file.content)
	if !ok {
		return reply{}, badRequest("file is invalid")
	}
	if err := e.applyQueues(settings); err != nil {
		return reply{}, err
	}
	if _, err := e.keepVersion(r, exportOptions{}, "import", &email); err != nil {
		return reply{}, err
	}
	return accepted(), nil
}

// restoreVersion is POST /version_histories/restore: by id, or by revision.
func (e *Emulator) restoreVersion(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	id, err := p.requiredID("id")
	if err != nil {
		return reply{}, err
	}
	email, err := e.actingUser(p)
	if err != nil {
		return reply{}, err
	}
	revision, err := p.word("revision")
	if err != nil {
		return reply{}, err
	}
	var v Version
	if err := e.ledger.View(func(tx *kit.Tx) error {
		v, err = load[Version](tx, KindVersion, id)
		return err
	}); err != nil {
		return reply{}, err
	}
	if revision != "" && revision != v.Revision {
		return reply{}, badRequest("revision is invalid")
	}
	settings, _ := readQueueFile(v.Content)
	if err := e.applyQueues(settings); err != nil {
		return reply{}, err
	}
	if _, err := e.keepVersion(r, exportOptions{}, "restore", &email); err != nil {
		return reply{}, err
	}
	return accepted(), nil
}

// actingUser reads the e-mail of the user who answers for a change.
func (e *Emulator) actingUser(p params) (string, error) {
	email, err := p.required("email")
	if err != nil {
		return "", err
	}
	found := false
	err = e.ledger.View(func(tx *kit.Tx) error {
		_, found, err = e.userBy(tx, func(u User) bool { return strings.EqualFold(u.Email, email) })
		return err
	})
	if err == nil && !found {
		err = badRequest("email is invalid")
	}
	return email, err
}

// applyQueues makes the menus what a file says of them.
func (e *Emulator) applyQueues(s queueSettings) error {
	patch, err := json.Marshal(map[string]any{"menus": s.Queues})
	if err != nil {
		return err
	}
	if _, err := e.settings.Patch(patch); err != nil {
		return badRequest("file is invalid")
	}
	return nil
}
