package ujet

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindVersion is the ledger kind of the queue settings' saved versions, each under its id in decimal.
const KindVersion = "version"

// Version is one saved version of the queue settings. Nothing about its shape is public.
type Version struct {
	versionAnswer
	// Content is the saved file.
	Content []byte `json:"content"`
}

// versionAnswer is what the vendor shows of a version.
type versionAnswer struct {
	ID                  int64   `json:"id"`
	Revision            string  `json:"revision"`
	AutoSaved           bool    `json:"auto_saved"`
	Action              string  `json:"action"`
	Filename            string  `json:"filename"`
	ExportAudioFiles    bool    `json:"export_audio_files"`
	ExportAttachedFiles bool    `json:"export_attached_files"`
	Email               *string `json:"email"`
	CreatedAt           string  `json:"created_at"`
}

// exportOptions are what an export takes along.
type exportOptions struct{ audio, attached bool }

// flag is one required switch of a request.
type flag struct {
	name string
	at   *bool
}

func (o *exportOptions) fields() []flag {
	return []flag{{"export_audio_files", &o.audio}, {"export_attached_files", &o.attached}}
}

// zipped says whether the export is a zip file rather than JSON.
func (o exportOptions) zipped() bool { return o.audio || o.attached }

// exportQueues is GET /queues/export: the file itself; the version history gets an item.
func (e *Emulator) exportQueues(_ http.ResponseWriter, r *http.Request) (reply, error) {
	var o exportOptions
	for _, f := range o.fields() {
		value := r.URL.Query().Get(f.name)
		if value == "" {
			return reply{}, missing(f.name)
		}
		on, err := strconv.ParseBool(value)
		if err != nil {
			return reply{}, badRequest(f.name + " is invalid")
		}
		*f.at = on
	}
	v, err := e.keepVersion(r, o, "export", nil)
	return reply{http.StatusOK, v.file()}, err
}

// saveVersion is POST /version_histories/auto_saved: a version without an export.
func (e *Emulator) saveVersion(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	var o exportOptions
	for _, f := range o.fields() {
		given, err := p.value(f.name, f.at)
		if err != nil {
			return reply{}, err
		}
		if !given {
			return reply{}, missing(f.name)
		}
	}
	v, err := e.keepVersion(r, o, "auto_saved", nil)
	return reply{http.StatusCreated, v.versionAnswer}, err
}

// keepVersion saves the settings as they are.
func (e *Emulator) keepVersion(r *http.Request, o exportOptions, action string, email *string) (Version, error) {
	v := Version{versionAnswer: versionAnswer{
		Revision: uuid.NewString(), AutoSaved: action == "auto_saved", Action: action, Email: email,
		ExportAudioFiles: o.audio, ExportAttachedFiles: o.attached, CreatedAt: e.stamp(),
	}}
	err := e.ledger.Update(func(tx *kit.Tx) (err error) {
		if v.ID, err = newID(tx, KindVersion); err != nil {
			return err
		}
		v.Filename = "queues-" + key(v.ID) + ".json"
		if o.zipped() {
			v.Filename = "queues-" + key(v.ID) + ".zip"
		}
		if v.Content, err = e.queueFile(tx, o); err != nil {
			return err
		}
		return tx.Put(KindVersion, key(v.ID), v)
	})
	if err == nil {
		kit.Touch(r.Context(), key(v.ID), kit.EffectCreated)
	}
	return v, err
}

func (v Version) file() file {
	kind := "application/json"
	if strings.HasSuffix(v.Filename, ".zip") {
		kind = "application/zip"
	}
	return file{v.Filename, kind, v.Content}
}

// listVersions is GET /version_histories: newest first (assumed).
func (e *Emulator) listVersions(http.ResponseWriter, *http.Request) (reply, error) {
	out := []versionAnswer{}
	err := e.ledger.View(func(tx *kit.Tx) error {
		versions, err := all[Version](tx, KindVersion)
		for _, v := range slices.Backward(versions) {
			out = append(out, v.versionAnswer)
		}
		return err
	})
	return reply{http.StatusOK, out}, err
}

func (e *Emulator) version(r *http.Request) (Version, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return Version{}, err
	}
	var v Version
	err = e.ledger.View(func(tx *kit.Tx) error {
		v, err = load[Version](tx, KindVersion, id)
		return err
	})
	kit.Touch(r.Context(), key(id), "")
	return v, err
}

// getVersion is GET /version_histories/{id}.
func (e *Emulator) getVersion(_ http.ResponseWriter, r *http.Request) (reply, error) {
	v, err := e.version(r)
	return reply{http.StatusOK, v.versionAnswer}, err
}

// downloadVersion is GET /version_histories/{id}/download.
func (e *Emulator) downloadVersion(_ http.ResponseWriter, r *http.Request) (reply, error) {
	v, err := e.version(r)
	return reply{http.StatusOK, v.file()}, err
}
