package convertalk

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// okBody is the whole answer to an accepted PUT: no id, no record.
const okBody = `{"success":true,"message":"ok","code":200}`

// refusal is an answer in the vendor's envelope that changes nothing. The envelope of errors is
// inferred from the one of successes; data lists what is wrong.
type refusal struct {
	Success bool     `json:"success"`
	Message string   `json:"message"`
	Code    int      `json:"code"`
	Data    []string `json:"data,omitempty"`
}

// Error makes a refusal an error, so that it can be returned from any depth.
func (r *refusal) Error() string { return r.Message }

func refuse(status int, message string, data ...string) error {
	return &refusal{Message: message, Code: status, Data: data}
}

func unauthorized() error { return refuse(http.StatusUnauthorized, "Unauthorized") }

// operation is one endpoint: it returns the body of its 200.
type operation func(w http.ResponseWriter, r *http.Request) ([]byte, error)

// serve turns an operation into a handler. An error that is no refusal is a fault of the emulator
// itself (its ledger cannot be written).
func (e *Emulator) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := op(w, r)
		if err == nil {
			writeBody(w, http.StatusOK, body)
			return
		}
		var refused *refusal
		if !errors.As(err, &refused) {
			e.log.Error("convertalk emulator failed", "path", r.Pattern, "error", err)
			refused = &refusal{Message: "Internal Server Error", Code: http.StatusInternalServerError}
		}
		body, err = json.Marshal(refused)
		if err != nil {
			e.log.Error("convertalk emulator cannot encode a refusal", "error", err)
		}
		writeBody(w, refused.Code, body)
	}
}

// writeBody sends a body the way the vendor's Express server does, with a weak ETag.
func writeBody(w http.ResponseWriter, status int, body []byte) {
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("X-Powered-By", "Express")
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("ETag", fmt.Sprintf(`W/"%x-%s"`, len(body), base64.RawStdEncoding.EncodeToString(sum[:20])))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left is no fault of the emulator
}

// unknownRoute is the 404 of Express in the vendor's envelope; a POST create is among these.
func unknownRoute(_ http.ResponseWriter, r *http.Request) ([]byte, error) {
	return nil, refuse(http.StatusNotFound, "Cannot "+r.Method+" "+r.URL.Path)
}
