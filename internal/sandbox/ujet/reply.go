package ujet

import (
	"errors"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// timeLayout is the vendor's JSON time: ISO 8601, UTC, milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// reply is a finished answer of one operation: JSON, a file, or with a nil body the status alone.
type reply struct {
	status int
	body   any
}

// file is an answer's body that is no JSON of the API's.
type file struct {
	name, contentType string
	content           []byte
}

// refusal is an answer that changes nothing; its text goes out as {"message": text}.
type refusal struct {
	status  int
	message string
}

// Error makes a refusal an error, so that operations can return it from any depth.
func (r *refusal) Error() string { return r.message }

func badRequest(message string) error { return &refusal{http.StatusBadRequest, message} }

func notFound() error { return &refusal{http.StatusNotFound, "Not Found"} }

// missing is the text Rails gives for an absent or blank required parameter.
func missing(name string) error {
	return badRequest("param is missing or the value is empty: " + name)
}

// operation is one endpoint.
type operation func(w http.ResponseWriter, r *http.Request) (reply, error)

// serve turns an operation into a handler. An error that is no refusal is a fault of the emulator
// itself (its ledger cannot be written) and is answered as Rails answers a crash.
func (e *Emulator) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := op(w, r)
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			writeMessage(w, refused.status, refused.message)
		case err != nil:
			e.log.Error("ujet emulator failed", "path", r.Pattern, "error", err)
			writeMessage(w, http.StatusInternalServerError, "Internal Server Error")
		default:
			out.write(w)
		}
	}
}

func (out reply) write(w http.ResponseWriter) {
	switch body := out.body.(type) {
	case nil:
		w.WriteHeader(out.status)
	case file:
		w.Header().Set("Content-Type", body.contentType)
		w.Header().Set("Content-Disposition", `attachment; filename="`+body.name+`"`)
		w.WriteHeader(out.status)
		_, _ = w.Write(body.content) // a client that is gone needs no answer
	default:
		writeJSON(w, out.status, body)
	}
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"message": message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	kit.WriteJSON(w, status, body)
}

// stamp is the emulator's time as the vendor prints it.
func (e *Emulator) stamp() string { return e.now().UTC().Format(timeLayout) }
