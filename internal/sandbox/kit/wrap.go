package kit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody is the largest request body an emulator takes, in bytes.
const maxBody = 32 << 20

// touchKey is the context key of the note a vendor handler writes with Touch.
type touchKey struct{}

// touch is what a vendor handler tells about its work.
type touch struct {
	record, effect string
}

// Touch notes for the ledger's request entry which record the request is
// about and what became of it (EffectCreated, EffectUpdated or empty). The last
// call stands. Outside a handler below Wrap it does nothing.
func Touch(ctx context.Context, id, effect string) {
	if t, ok := ctx.Value(touchKey{}).(*touch); ok {
		t.record, t.effect = id, effect
	}
}

// Rooted serves paths under base (such as "/v1") with inside, which sees the
// path without the base, and all others with outside, which sees the whole
// path. An empty base sends everything to inside.
func Rooted(base string, inside, outside http.Handler) http.Handler {
	if base == "" {
		return inside
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := strings.CutPrefix(r.URL.Path, base)
		if !ok || !strings.HasPrefix(path, "/") {
			outside.ServeHTTP(w, r)
			return
		}
		under := r.WithContext(r.Context())
		url := *r.URL
		url.Path = path
		url.RawPath = strings.TrimPrefix(url.RawPath, base)
		under.URL = &url
		inside.ServeHTTP(w, under)
	})
}

// Wrap puts the ledger and the planned faults around a vendor's API. The
// vendor handler gets a body that has been read completely and a context that
// lives on when the client hangs up, as a real vendor would work on. Its answer
// leaves only after the request's entry is on disk.
func Wrap(l *Ledger, f *Faults, now func() time.Time, vendor http.Handler) http.Handler {
	return &wrapper{ledger: l, faults: f, now: now, vendor: vendor}
}

type wrapper struct {
	ledger *Ledger
	faults *Faults
	now    func() time.Time
	vendor http.Handler
}

// ServeHTTP implements http.Handler.
func (w *wrapper) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	entry := &Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	entry.Seq, entry.Time = w.ledger.Arrive(w.now)
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		w.refuseBody(rw, entry, err)
		return
	}
	if len(body) > 0 && json.Valid(body) {
		entry.Body = body
	}
	fault, hit := w.faults.take(r)
	if hit {
		entry.Fault = fault.String()
	}
	if !wait(r.Context(), fault.DelayMS) {
		w.finish(rw, entry, nil)
	}
	var out *answer
	if !fault.replaces() {
		out = w.process(r, body, entry)
	}
	if fault.Drop {
		w.finish(rw, entry, nil)
	}
	out = fault.alter(out)
	w.finish(rw, entry, out)
	if !wait(r.Context(), fault.AnswerDelayMS) {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer
	}
	out.send(rw, fault.Truncate)
}

// process runs the vendor handler and notes what it touched.
func (w *wrapper) process(r *http.Request, body []byte, entry *Request) *answer {
	note := &touch{}
	ctx := context.WithValue(context.WithoutCancel(r.Context()), touchKey{}, note)
	inner := r.WithContext(ctx)
	inner.Body = io.NopCloser(bytes.NewReader(body))
	out := newAnswer()
	w.vendor.ServeHTTP(out, inner)
	entry.Record, entry.Effect = note.record, note.effect
	return out
}

// finish writes the entry. Without an answer to give it closes the connection
// by panicking with http.ErrAbortHandler, as net/http wants it; so it does when
// the ledger fails, for an answer without an entry would be a lie.
func (w *wrapper) finish(rw http.ResponseWriter, entry *Request, out *answer) {
	if out != nil {
		out.WriteHeader(http.StatusOK)
		entry.Status = out.status
	}
	if err := w.ledger.AppendRequest(entry); err != nil {
		http.Error(rw, "sandbox ledger: "+err.Error(), http.StatusInternalServerError)
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer
	}
	if out == nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer
	}
}

// refuseBody ends a request whose body was too large or never came in full.
func (w *wrapper) refuseBody(rw http.ResponseWriter, entry *Request, err error) {
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) {
		w.finish(rw, entry, nil)
	}
	out := newAnswer()
	out.WriteHeader(http.StatusRequestEntityTooLarge)
	w.finish(rw, entry, out)
	out.send(rw, false)
}

// wait pauses for ms milliseconds; false means the client hung up meanwhile.
func wait(ctx context.Context, ms int) bool {
	if ms <= 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
