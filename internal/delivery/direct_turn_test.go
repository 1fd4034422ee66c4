package delivery

import (
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

func TestNobodyWhoWaitsIsPassedOverTwice(t *testing.T) {
	account := &adapters.Account{Name: "support", Line: vendorhttp.NewLine(vendorhttp.LineConfig{RatePerSecond: 1})}
	own := newTurns([]*adapters.Account{account})["support"]
	const bulk, optOut = leadmuxv1.Priority_PRIORITY_BULK, leadmuxv1.Priority_PRIORITY_OPT_OUT
	own.pass()
	if own.owns(bulk) {
		t.Error("a slot is kept although nobody waits")
	}
	leave, err := own.enter(t.Context(), account, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if own.owns(bulk) {
		t.Error("what is queued gets no slot at all")
	}
	if own.pass(); !own.owns(bulk) {
		t.Error("who waits was passed over, and may be again")
	}
	if own.owns(optOut) {
		t.Error("an opt-out stands behind a call")
	}
	if leave(); own.owns(bulk) {
		t.Error("a slot is kept although nobody waits any more")
	}
}
