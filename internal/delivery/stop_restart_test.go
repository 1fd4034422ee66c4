package delivery_test

import (
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// reborn starts a new Dispatcher with new lines, as a new process has them.
func (r *rig) reborn(accounts ...*adapters.Account) {
	r.accounts = accounts
	r.start()
}

func TestARestartDoesNotTryAStoppedAccountAgain(t *testing.T) {
	for name, kind := range map[string]adapters.Kind{
		"credentials": adapters.KindCredentials, "on hold": adapters.KindOnHold, "unknown route": adapters.KindRouteUnknown,
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, fails(kind))
				r := newRig(t, at("west", v))
				began := time.Now()
				first := r.create(somebody())
				synctest.Wait()
				second := r.create(somebody())
				r.crash()
				r.reborn(at("west", v))
				third := r.create(somebody())
				pass(100 * time.Hour)
				if got := len(v.seen("")); got != 1 {
					t.Errorf("%d attempts at the stopped account", got)
				}
				health, err := r.d.Health(t.Context(), r.accounts[0])
				if err != nil || !health.GetStopped() || !health.GetStopTime().AsTime().Equal(began) || health.GetStopOperationId() != r.op(first).GetOperationId() {
					t.Errorf("the account is %v, %v", health, err)
				}
				v.answer = took
				r.resume()
				synctest.Wait()
				r.wants(second, "ACTIVE", "")
				r.wants(third, "ACTIVE", "")
				r.crash()
				r.reborn(at("west", v))
				r.create(somebody())
				synctest.Wait()
				equal(t, "events of the account", r.accountEvents(), []string{
					"account.stopped " + health.GetStopReason(), "account.resumed " + health.GetStopReason(),
				})
			})
		})
	}
}

func TestAReadThatMeetsRefusedCredentialsStopsTheAccountForGood(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		r.d.Met(r.accounts[0], &adapters.Error{Vendor: "verse", Kind: adapters.KindUnavailable})
		r.d.Met(r.accounts[0], &adapters.Error{Vendor: "verse", Kind: adapters.KindCredentials})
		r.d.Met(r.accounts[0], &adapters.Error{Vendor: "verse", Kind: adapters.KindOnHold}) // said once
		r.crash()
		r.reborn(at("west", v))
		r.create(somebody())
		pass(time.Hour)
		if got := len(v.seen("")); got != 0 {
			t.Errorf("%d attempts at the stopped account", got)
		}
		equal(t, "events of the account", r.accountEvents(), []string{"account.stopped VENDOR_CREDENTIALS_REFUSED"})
	})
}

// accountEvents are the types of the events of accounts with their reasons, in order.
func (r *rig) accountEvents() []string {
	r.t.Helper()
	var kinds []string
	for _, event := range r.eventLog() {
		switch detail := event.GetDetail().(type) {
		case *leadmuxv1.Event_AccountStopped:
			kinds = append(kinds, event.GetType()+" "+detail.AccountStopped.GetReason())
		case *leadmuxv1.Event_AccountResumed:
			kinds = append(kinds, event.GetType()+" "+detail.AccountResumed.GetReason())
		}
	}
	return kinds
}

func TestARetryWaitsOutARestart(t *testing.T) {
	for name, c := range map[string]struct {
		then answer
		wait time.Duration // at least so long
	}{
		"on the schedule":      {fails(adapters.KindUnavailable), 0},
		"as the vendor asked":  {asksFor(40 * time.Minute), 40 * time.Minute},
		"until the intake may": {fails(adapters.KindIntakeClosed), 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, c.then, took)
				r := newRig(t, at("west", v))
				id := r.create(somebody())
				synctest.Wait()
				due := r.op(id).GetNextAttemptTime().AsTime()
				if wait := time.Until(due); wait < c.wait {
					t.Errorf("it waits %s", wait)
				}
				for range 3 {
					r.crash()
					r.reborn(at("west", v))
					synctest.Wait()
				}
				pass(2 * time.Hour)
				r.wants(id, "ACTIVE", "")
				if seen := v.seen(id); len(seen) != 2 || seen[1].at.Before(due) || seen[1].at.After(due.Add(time.Second)) {
					t.Errorf("due at %s, attempts %+v", due, seen)
				}
			})
		})
	}
}

// asksFor is an answer that asks for patience.
func asksFor(wait time.Duration) answer {
	return failure(adapters.Error{Kind: adapters.KindRateLimited, Status: 429, RetryAfter: wait})
}
