package kit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// answer holds a vendor's answer back until the ledger has it.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// newAnswer returns an empty answer.
func newAnswer() *answer {
	return &answer{header: http.Header{}}
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter: the first status stands.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// send writes the answer out, or with truncate half of it; then it aborts the
// connection, which is why it panics with http.ErrAbortHandler.
func (a *answer) send(w http.ResponseWriter, truncate bool) {
	a.WriteHeader(http.StatusOK)
	for k, v := range a.header {
		w.Header()[k] = v
	}
	body := a.body.Bytes()
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if truncate {
		body = body[:len(body)/2]
	}
	if len(body) > 0 {
		_, _ = w.Write(body) // a client that is gone needs no answer
	}
	if truncate {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer
	}
}

// WriteJSON answers with a status and v as JSON. The Content-Type is
// application/json unless the caller has set one.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "cannot encode the answer", http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a client that is gone needs no answer
}
