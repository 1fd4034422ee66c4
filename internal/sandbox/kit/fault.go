package kit

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxDelayMS bounds a planned delay to ten minutes.
const maxDelayMS = 10 * 60 * 1000

// Fault is one planned misbehaviour of a vendor. Without Status, Drop or
// Truncate the request is processed and answered as usual, only later
// (DelayMS, AnswerDelayMS) or with other headers.
type Fault struct {
	// Method limits the fault to one HTTP method; empty is any.
	Method string `json:"method,omitempty"`
	// Path limits the fault to paths under the vendor's base that start with
	// it; empty is any.
	Path string `json:"path,omitempty"`
	// Exact asks for the whole path to be equal instead of its start.
	Exact bool `json:"exact,omitempty"`
	// Count is how many requests it applies to: 0 is read as 1, -1 is all
	// until cleared.
	Count int `json:"count"`
	// DelayMS is how many milliseconds to wait before doing anything; a client
	// that hangs up meanwhile ends the request unprocessed.
	DelayMS int `json:"delayMs,omitempty"`
	// After processes and commits the request first, then misbehaves; else
	// the misbehaviour comes instead of the processing.
	After bool `json:"after,omitempty"`
	// Status is the HTTP status to answer with, 200 to 599; 0 keeps the real one.
	Status int `json:"status,omitempty"`
	// Body is the whole answer body where Status is set; it may be empty.
	Body string `json:"body,omitempty"`
	// Header holds answer headers to set, such as Content-Type or Retry-After.
	Header map[string]string `json:"header,omitempty"`
	// Drop closes the connection without an answer. (Go's client resends a
	// GET by itself when that happens on a reused connection.)
	Drop bool `json:"drop,omitempty"`
	// Truncate announces the whole body, sends half of it and closes. Without
	// Status the request is processed and the real body is cut.
	Truncate bool `json:"truncate,omitempty"`
	// AnswerDelayMS processes at once and holds the answer back so many
	// milliseconds. The ledger has its entry before the wait.
	AnswerDelayMS int `json:"answerDelayMs,omitempty"`
}

// check refuses faults that contradict themselves or do nothing.
func (f Fault) check() error { //nolint:cyclop // a list of rules, one a line
	if err := f.checkMatch(); err != nil {
		return err
	}
	switch {
	case f.DelayMS < 0 || f.DelayMS > maxDelayMS || f.AnswerDelayMS < 0 || f.AnswerDelayMS > maxDelayMS:
		return fmt.Errorf("delayMs and answerDelayMs must be 0 to %d", maxDelayMS)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be 200 to 599")
	case f.Body != "" && f.Status == 0:
		return errors.New("body needs a status")
	case f.Drop && (f.Status != 0 || f.Truncate || len(f.Header) > 0 || f.AnswerDelayMS > 0):
		return errors.New("drop sends no answer: status, body, header, truncate and answerDelayMs must be left out")
	case f.Truncate && f.Status != 0 && len(f.Body) < 2:
		return errors.New("truncate with a status needs a body of two bytes or more")
	case !f.misbehaves():
		return errors.New("a fault needs one of delayMs, status, header, drop, truncate, answerDelayMs")
	}
	return nil
}

// checkMatch checks what the fault is meant for, and how often.
func (f Fault) checkMatch() error {
	switch {
	case f.Count < -1:
		return errors.New("count must be -1 (until cleared), or how many requests")
	case f.Exact && f.Path == "":
		return errors.New("exact needs a path")
	case f.Path != "" && !strings.HasPrefix(f.Path, "/"):
		return errors.New("path must start with /")
	}
	return nil
}

// misbehaves tells whether the fault does anything at all.
func (f Fault) misbehaves() bool {
	return f.DelayMS > 0 || f.AnswerDelayMS > 0 || f.Status != 0 || f.Drop || f.Truncate || len(f.Header) > 0
}

// replaces tells whether the fault comes instead of the processing.
func (f Fault) replaces() bool {
	return !f.After && (f.Drop || f.Status != 0)
}

// matches tells whether the fault is meant for such a request.
func (f Fault) matches(r *http.Request) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, r.Method) {
		return false
	}
	if f.Exact {
		return r.URL.Path == f.Path
	}
	return strings.HasPrefix(r.URL.Path, f.Path)
}

// alter turns the real answer (nil if there is none) into the planned one.
func (f Fault) alter(given *answer) *answer {
	out := given
	if out == nil {
		out = newAnswer()
	}
	if f.Status != 0 {
		out = newAnswer()
		out.WriteHeader(f.Status)
		out.body.WriteString(f.Body)
	}
	for k, v := range f.Header {
		out.header.Set(k, v)
	}
	return out
}

// String describes the fault for the ledger, for example "drop after commit".
func (f Fault) String() string {
	var parts []string
	add := func(on bool, format string, args ...any) {
		if on {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(f.DelayMS > 0, "delay %v", time.Duration(f.DelayMS)*time.Millisecond)
	add(f.Status != 0, "status %d", f.Status)
	add(f.Drop, "drop")
	add(f.Truncate, "truncate")
	add(len(f.Header) > 0, "header")
	add(f.AnswerDelayMS > 0, "answer %v late", time.Duration(f.AnswerDelayMS)*time.Millisecond)
	text := strings.Join(parts, ", ")
	if f.After {
		text += " after commit"
	}
	return text
}
