package idmaptest

import (
	"errors"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var trimTests = []contractTest{
	{"events are removed from the front, up to a moment, a few at a time, and the log says up to where", trimEvents},
	{"what nobody can read any more goes without a mark", trimErased},
	{"operations are removed once they are done and old", trimOperations},
	{"request keys are removed once they have expired", trimRequests},
	{"the tenants are known, and nothing was put back from a backup", tenantsAndRestored},
}

// eventsAt appends an event received at each of the minutes.
func (f *fixture) eventsAt(leadID string, minutes ...int) (cursors []string) {
	f.Helper()
	f.update(func(tx idmap.Tx) error {
		cursors = nil
		for _, m := range minutes {
			event := eventOf(leadID)
			event.ReceiveTime = stamp(m)
			if err := tx.AppendEvent(acme, event); err != nil {
				return err
			}
			cursors = append(cursors, event.GetCursor())
		}
		return nil
	})
	return cursors
}

func (f *fixture) trim(before time.Time, limit int) (removed int) {
	f.Helper()
	f.update(func(tx idmap.Tx) (err error) {
		removed, err = tx.TrimEvents(acme, before, limit)
		return err
	})
	return removed
}

// log wants so many events in the log, and it trimmed up to a cursor.
func (f *fixture) log(events int, trimmed string) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		all, err := r.Events(acme, "", 99)
		mark, err2 := r.Trimmed(acme)
		if len(all) != events || mark != trimmed {
			f.Errorf("%d events, want %d; trimmed up to %q, want %q", len(all), events, mark, trimmed)
		}
		return errors.Join(err, err2)
	})
}

func trimEvents(f *fixture) {
	f.log(0, "")
	if n := f.trim(at(30), 9); n != 0 {
		f.Errorf("%d removed from nothing", n)
	}
	cursors := f.eventsAt("", 0, 5, 10, 10, 20, 15, 30)
	for _, step := range []struct{ before, limit, removed, left, mark int }{
		{0, 9, 0, 7, -1}, {10, 1, 1, 6, 0}, {10, 9, 1, 5, 1}, {11, 9, 2, 3, 3}, {20, 9, 0, 3, 3}, {25, 9, 2, 1, 5}, {25, 9, 0, 1, 5},
	} {
		if n := f.trim(at(step.before), step.limit); n != step.removed {
			f.Errorf("before %d: %d removed, want %d", step.before, n, step.removed)
		}
		mark := ""
		if step.mark >= 0 {
			mark = cursors[step.mark]
		}
		f.log(step.left, mark)
	}
	f.reopen()
	next := f.eventsAt("", 40)[0]
	if next <= cursors[6] {
		f.Errorf("cursor %s comes before %s", next, cursors[6])
	}
	f.trim(at(60), 9)
	f.log(0, next)
	f.reopen()
	if after := f.eventsAt("", 70)[0]; after <= next {
		f.Errorf("cursor %s comes before %s", after, next)
	}
}

func trimErased(f *fixture) {
	lead := f.erasable() // with an event of its own
	f.eventsAt(lead.GetLeadId(), 50)
	last := f.eventsAt("", 55)[0]
	f.erase(lead.GetLeadId())
	if n := f.trim(at(0), 9); n != 2 {
		f.Errorf("%d removed", n)
	}
	f.log(2, "")
	f.trim(at(56), 1)
	f.log(1, last)
}

func trimOperations(f *fixture) {
	lead, gone := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}, &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}
	f.update(putLeads(acme, lead, gone))
	put := func(of *leadmuxv1.Lead, id string, state leadmuxv1.OperationState, created, updated int) {
		op := openOperation(of, id, state)
		op.CreateTime, op.UpdateTime = stamp(created), stamp(updated)
		f.update(putOperations(acme, op))
	}
	const (
		succeeded = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
		failed    = leadmuxv1.OperationState_OPERATION_STATE_FAILED
		doubtful  = leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT
	)
	put(lead, "op_1", succeeded, 0, 1)
	put(lead, "op_2", opQueued, 0, 1)
	put(gone, "op_3", opQueued, 0, 1)
	put(lead, "op_4", failed, 0, 1)
	put(lead, "op_5", doubtful, 0, 1)
	put(lead, "op_6", succeeded, 0, 20)
	put(lead, "op_7", succeeded, 15, 16)
	f.erase(gone.GetLeadId())
	for _, limit := range []int{1, 3, 99} {
		for after, more := "", true; more; more = after != "" {
			f.update(func(tx idmap.Tx) error {
				_, next, err := tx.TrimOperations(acme, at(10), after, limit)
				after = next
				return err
			})
		}
	}
	f.view(func(r idmap.Reader) error {
		for id, stays := range map[string]bool{"op_1": false, "op_2": true, "op_3": false, "op_4": false, "op_5": true, "op_6": true, "op_7": true} {
			if _, err := r.Operation(acme, id); (err == nil) != stays {
				f.Errorf("%s: %v", id, err)
			}
		}
		return nil
	})
}

func trimRequests(f *fixture) {
	lead := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}
	f.update(putLeads(acme, lead))
	for i, id := range []string{"r1", "r2", "r3"} {
		f.update(func(tx idmap.Tx) error {
			return tx.PutRequest(acme, "CreateLead", id, idmap.Request{LeadID: lead.GetLeadId(), ExpireTime: at(10 * (i + 1))}, at(0))
		})
	}
	for _, step := range []struct{ now, limit, removed int }{{5, 9, 0}, {25, 1, 1}, {25, 9, 1}, {25, 9, 0}} {
		var n int
		f.update(func(tx idmap.Tx) (err error) {
			n, err = tx.TrimRequests(acme, at(step.now), step.limit)
			return err
		})
		if n != step.removed {
			f.Errorf("at %d: %d removed, want %d", step.now, n, step.removed)
		}
	}
	if report := f.sound(); report.Requests != 1 {
		f.Errorf("%d left", report.Requests)
	}
}

func tenantsAndRestored(f *fixture) {
	f.update(putLeads("b", &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}))
	f.update(putLeads(acme, &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}))
	f.view(func(r idmap.Reader) error {
		tenants, err := r.Tenants()
		restored, err2 := r.Restored()
		ops, next, err3 := r.AllOpen("", 9)
		if len(ops) > 0 || next != "" || !restored.IsZero() {
			f.Errorf("%v %q %v", ops, next, restored)
		}
		return errors.Join(err, err2, err3, sameValues("tenants", tenants, []string{acme, "b"}))
	})
}
