package adaptertest

import (
	"errors"
	"fmt"

	"github.com/leadmux/leadmux/internal/adapters"
)

// failure is what a failed RPC must come to.
type failure struct {
	kind      adapters.Kind
	ambiguous bool
}

// wantFailure checks an error of the trial's RPC, and that it shows nothing private.
func (tr *trial) wantFailure(err error, want failure) *adapters.Error {
	tr.t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		tr.t.Fatalf("got error %v, want *adapters.Error of kind %s", err, want.kind)
	}
	if e.Kind != want.kind || e.Ambiguous != want.ambiguous {
		tr.t.Errorf("got kind %s, ambiguous %t; want %s, %t: %v", e.Kind, e.Ambiguous, want.kind, want.ambiguous, e)
	}
	if e.Vendor == "" || e.Op != tr.rpc {
		tr.t.Errorf("got vendor %q and op %q, want both set and %s", e.Vendor, e.Op, tr.rpc)
	}
	text := e.Error() + e.Message + e.Code + e.RequestID
	for cause := errors.Unwrap(e); cause != nil; cause = errors.Unwrap(cause) {
		text += fmt.Sprintf(" %+v", cause)
	}
	for _, f := range e.Fields {
		text += show(f)
	}
	tr.h.wantClean(tr.t, "the error", text, tr.in)
	return e
}
