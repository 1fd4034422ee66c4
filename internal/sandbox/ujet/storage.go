package ujet

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// storagePath is where the emulated file storage stands on the vendor's host, outside its API: no
// credentials are asked for there, only what was signed.
const storagePath = "/storage/sandbox-media"

// uploadLife is how long a presigned upload can be used, as the vendor states it.
const uploadLife = 5 * time.Minute

// kindUpload is the hidden ledger kind of presigned uploads, each under its storage key; kindFile holds
// the files.
const (
	kindUpload = "_upload"
	kindFile   = "_file"
)

// upload is one presigned upload.
type upload struct {
	ChatID    int64     `json:"chatId"`
	Type      string    `json:"type"`
	Signature string    `json:"signature"`
	Expires   time.Time `json:"expires"`
	Stored    bool      `json:"stored"`
}

// presign is POST /chats/{id}/photos/upload and videos/upload: where to send one file, and the form
// fields that go before it.
func (e *Emulator) presign(kind mediaKind) operation {
	return func(_ http.ResponseWriter, r *http.Request) (reply, error) {
		return editSession(e, r, func(tx *kit.Tx, c *Chat) (reply, error) {
			if c.over() {
				return reply{}, badRequest("Chat is already ended")
			}
			n, err := newID(tx, kindUpload)
			if err != nil {
				return reply{}, err
			}
			random := make([]byte, 16)
			_, _ = rand.Read(random) // never fails
			up := upload{ChatID: c.ID, Type: kind.name, Signature: hex.EncodeToString(random), Expires: e.now().Add(uploadLife)}
			name := fmt.Sprintf("chat-%d/%s-%d", c.ID, kind.name, n)
			if err := tx.Put(kindUpload, name, up); err != nil {
				return reply{}, err
			}
			return reply{http.StatusOK, map[string]any{
				"url": storageURL(r),
				"fields": map[string]string{
					"key": name, "Content-Type": kind.contentType, "policy": up.Expires.UTC().Format(timeLayout), "x-amz-signature": up.Signature,
				},
			}}, nil
		})
	}
}

func storageURL(r *http.Request) string { return "http://" + r.Host + storagePath }

// storage serves the presigned uploads and reads of what was uploaded, as an S3 bucket would.
func (e *Emulator) storage() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+storagePath, e.receiveFile)
	mux.HandleFunc("GET "+storagePath+"/{key...}", e.sendFile)
	return mux
}

// receiveFile takes the form of one presigned upload: its fields first, then the file.
func (e *Emulator) receiveFile(w http.ResponseWriter, r *http.Request) {
	fields, file, err := readUpload(r)
	if err != nil {
		storageError(w, http.StatusBadRequest, "MalformedPOSTRequest", err.Error())
		return
	}
	if key, status, code := e.storeFile(fields, file); code != "" {
		storageError(w, status, code, "the upload of "+key+" was refused")
		return
	}
	kit.Touch(r.Context(), fields["key"], kit.EffectCreated)
	w.WriteHeader(http.StatusNoContent)
}

// storeFile checks the form against what was signed. A code says why it was refused.
func (e *Emulator) storeFile(fields map[string]string, file []byte) (key string, status int, code string) {
	key = fields["key"]
	err := e.ledger.Update(func(tx *kit.Tx) error {
		var up upload
		found, err := tx.Get(kindUpload, key, &up)
		if err != nil {
			return err
		}
		kind := photos
		if up.Type == videos.name {
			kind = videos
		}
		switch {
		case !found || fields["x-amz-signature"] != up.Signature || fields["policy"] != up.Expires.UTC().Format(timeLayout):
			status, code = http.StatusForbidden, "SignatureDoesNotMatch"
		case !e.now().Before(up.Expires):
			status, code = http.StatusForbidden, "AccessDenied" // the policy has expired
		case fields["Content-Type"] != kind.contentType:
			status, code = http.StatusForbidden, "AccessDenied"
		case up.Stored:
			status, code = http.StatusForbidden, "AccessDenied" // one URL per file
		case len(file) > kind.limit:
			status, code = http.StatusBadRequest, "EntityTooLarge"
		case len(file) == 0:
			status, code = http.StatusBadRequest, "EntityTooSmall"
		default:
			up.Stored = true
			return errors.Join(tx.Put(kindUpload, key, up), tx.Put(kindFile, key, file))
		}
		return nil
	})
	if err != nil {
		return key, http.StatusInternalServerError, "InternalError"
	}
	return key, status, code
}

// readUpload reads a presigned form: fields until the file, which must be the last part.
func readUpload(r *http.Request) (fields map[string]string, file []byte, err error) {
	mediaType, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/form-data" {
		return nil, nil, errors.New("the body must be multipart/form-data")
	}
	fields = map[string]string{}
	parts := multipart.NewReader(r.Body, options["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil, errors.New("the form has no file")
		}
		if err != nil {
			return nil, nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, err
		}
		if part.FormName() == "file" {
			return fields, content, nil
		}
		fields[part.FormName()] = string(content)
	}
}

// sendFile serves what was uploaded.
func (e *Emulator) sendFile(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	var content []byte
	var found bool
	err := e.ledger.View(func(tx *kit.Tx) (err error) {
		found, err = tx.Get(kindFile, key, &content)
		return err
	})
	if err != nil || !found {
		storageError(w, http.StatusNotFound, "NoSuchKey", "there is no "+key)
		return
	}
	w.Header().Set("Content-Type", photos.contentType)
	if strings.Contains(key, "/"+videos.name+"-") {
		w.Header().Set("Content-Type", videos.contentType)
	}
	_, _ = w.Write(content) // a client that is gone needs no answer
}

// storageError answers as object storages do: XML with a code.
func storageError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	raw, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
		Message string   `xml:"Message"`
	}{Code: code, Message: message})
	if err == nil {
		_, _ = w.Write(raw) // a client that is gone needs no answer
	}
}
