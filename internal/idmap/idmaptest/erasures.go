package idmaptest

import (
	"errors"
	"fmt"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var erasureTests = []contractTest{
	{"an erased lead is gone from every read and cannot be written again", erasedIsGone},
	{"an erased lead is told from one that never was", erasedIsNotUnknown},
	{"what belongs to an erased lead cannot be written", nothingIsAdded},
	{"operations of an erased lead leave the queues", erasedLeavesQueues},
	{"events of an erased lead are passed over, and its last one stays", erasedEvents},
	{"the vendor IDs of an erased lead lead to it until they are bound anew", erasedOwners},
	{"a request key of an erased lead keeps whose it was, and no fingerprint", erasedRequests},
	{"an erasure that is undone has no effect", erasureUndone},
	{"what vendors have still to be told with is kept apart, and goes", leaving},
	{"keys are dropped once, and nothing of other leads goes with them", dropped},
}

func receiptOf(leadID string) *leadmuxv1.ErasureReceipt {
	return &leadmuxv1.ErasureReceipt{LeadId: leadID, EraseTime: stamp(20), Accounts: []*leadmuxv1.AccountErasure{{
		Account: west, VendorLeadIds: []string{"v1"}, State: leadmuxv1.VendorErasureState_VENDOR_ERASURE_STATE_NO_DELETE,
	}}}
}

// erasable stores a lead with one of everything.
func (f *fixture) erasable() *leadmuxv1.Lead {
	f.Helper()
	lead := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead), ExternalId: "x", Email: "ann@example.com", Phone: phoneA, UpdateTime: stamp(0)}
	f.update(func(tx idmap.Tx) error {
		return errors.Join(tx.PutLead(acme, lead), tx.Bind(acme, leadRef(west, "v1"), lead.GetLeadId()),
			tx.PutOperation(acme, openOperation(lead, "op_1", opQueued)), tx.PutOperation(acme, openOperation(lead, "op_2", opStarted)),
			tx.AppendEvent(acme, eventOf(lead.GetLeadId())),
			tx.PutRequest(acme, "CreateLead", "r1", idmap.Request{Fingerprint: []byte("f"), LeadID: lead.GetLeadId(), ExpireTime: at(60)}, at(0)))
	})
	return lead
}

func openOperation(lead *leadmuxv1.Lead, id string, state leadmuxv1.OperationState) *leadmuxv1.Operation {
	op := operationOf(lead.GetLeadId(), west, 0, 0)
	op.OperationId, op.State = id, state
	return op
}

func (f *fixture) erase(leadID string) {
	f.Helper()
	f.update(func(tx idmap.Tx) error { return tx.EraseLead(acme, receiptOf(leadID), eventOf(leadID)) })
	if err := f.store.DropErased(f.Context()); err != nil {
		f.Fatalf("drop: %v", err)
	}
}

func erasedIsGone(f *fixture) {
	id := f.erasable().GetLeadId()
	f.erase(id)
	for range 2 {
		f.view(func(r idmap.Reader) error {
			if _, err := r.Lead(acme, id); !errors.Is(err, idmap.ErrErased) || !errors.Is(err, idmap.ErrNotFound) {
				f.Errorf("lead: %v", err)
			}
			for _, op := range []string{"op_1", "op_2"} {
				if _, err := r.Operation(acme, op); !errors.Is(err, idmap.ErrErased) {
					f.Errorf("operation: %v", err)
				}
			}
			for _, key := range []idmap.LeadKey{{Kind: idmap.KeyExternalID, Value: "x"}, {Kind: idmap.KeyPhone, Value: phoneA}} {
				if ids, err := r.FindLeads(acme, key, 9); err != nil || len(ids) > 0 {
					f.Errorf("found %v, %v", ids, err)
				}
			}
			leads, _, err := r.ListLeads(acme, idmap.LeadFilter{}, "", 9)
			if len(leads) > 0 {
				f.Errorf("listed %v", leads)
			}
			receipt, err2 := r.Erasure(acme, id)
			return errors.Join(err, err2, same("receipt", receipt, receiptOf(id)))
		})
		f.reopen()
	}
}

func erasedIsNotUnknown(f *fixture) {
	id := f.erasable().GetLeadId()
	f.erase(id)
	other := typeid.New(typeid.Lead)
	f.view(func(r idmap.Reader) error {
		for _, unknown := range []func() error{
			func() error { _, err := r.Lead(acme, other); return err },
			func() error { _, err := r.Lead("acm", id); return err },
			func() error { _, err := r.Operation(acme, "op_3"); return err },
			func() error { _, err := r.Erasure(acme, other); return err },
		} {
			if err := unknown(); !errors.Is(err, idmap.ErrNotFound) || errors.Is(err, idmap.ErrErased) {
				f.Errorf("got %v", err)
			}
		}
		return nil
	})
	f.refused(idmap.ErrNotFound, func(tx idmap.Tx) error { return tx.EraseLead(acme, receiptOf(other), eventOf(other)) })
	f.refused(idmap.ErrErased, func(tx idmap.Tx) error { return tx.EraseLead(acme, receiptOf(id), eventOf(id)) })
}

func nothingIsAdded(f *fixture) {
	lead := f.erasable()
	f.erase(lead.GetLeadId())
	for _, write := range []func(tx idmap.Tx) error{
		func(tx idmap.Tx) error { return tx.PutLead(acme, lead) },
		func(tx idmap.Tx) error { return tx.PutOperation(acme, openOperation(lead, "op_1", opQueued)) },
		func(tx idmap.Tx) error { return tx.PutOperation(acme, openOperation(lead, "op_9", opQueued)) },
		func(tx idmap.Tx) error { return tx.AppendEvent(acme, eventOf(lead.GetLeadId())) },
		func(tx idmap.Tx) error { return tx.Bind(acme, leadRef(west, "v1"), lead.GetLeadId()) },
		func(tx idmap.Tx) error { return tx.Bind(acme, leadRef(west, "v9"), lead.GetLeadId()) },
	} {
		f.refused(idmap.ErrErased, write)
	}
}

func erasedLeavesQueues(f *fixture) {
	lead := f.erasable()
	other := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}
	f.update(func(tx idmap.Tx) error {
		return errors.Join(tx.PutLead(acme, other), tx.PutOperation(acme, openOperation(other, "op_8", opQueued)))
	})
	f.erase(lead.GetLeadId())
	f.view(func(r idmap.Reader) error {
		queue, err := r.Queue(acme, west)
		due, err2 := r.Due(acme, west, at(60), 9)
		started, err3 := r.Started()
		open, err4 := r.OpenOperations(acme, lead.GetLeadId(), west)
		if queue.Depth != 1 || len(due) != 1 || due[0].GetOperationId() != "op_8" || len(started)+len(open) > 0 {
			f.Errorf("%+v %v %v %v", queue, due, started, open)
		}
		return errors.Join(err, err2, err3, err4)
	})
}

func erasedEvents(f *fixture) {
	lead := f.erasable()
	var last *leadmuxv1.Event
	f.update(func(tx idmap.Tx) error {
		last = eventOf(lead.GetLeadId())
		return tx.EraseLead(acme, receiptOf(lead.GetLeadId()), last)
	})
	f.view(func(r idmap.Reader) error {
		events, err := r.Events(acme, "", 9)
		if err != nil || len(events) == 0 {
			return fmt.Errorf("%v, %w", events, err)
		}
		return same("the last event", events[len(events)-1], last)
	})
	if err := f.store.DropErased(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.view(func(r idmap.Reader) error {
		events, err := r.Events(acme, "", 9)
		return errors.Join(err, sameAll("events", events, []*leadmuxv1.Event{last}))
	})
}

func erasedOwners(f *fixture) {
	id := f.erasable().GetLeadId()
	f.erase(id)
	other := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead)}
	f.owner("v1", id)
	f.update(func(tx idmap.Tx) error {
		return errors.Join(tx.PutLead(acme, other), tx.Unbind(acme, leadRef(west, "v1")), tx.Bind(acme, leadRef(west, "v1"), other.GetLeadId()))
	})
	f.owner("v1", other.GetLeadId())
	f.update(func(tx idmap.Tx) error { return tx.Unbind(acme, leadRef(west, "v1")) })
	f.owner("v1", id)
	f.view(func(r idmap.Reader) error {
		refs, err := r.Bindings(acme, id)
		if len(refs) > 0 {
			f.Errorf("bound: %v", refs)
		}
		return err
	})
}

func (f *fixture) owner(vendorID, want string) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Owner(acme, leadRef(west, vendorID))
		if got != want {
			f.Errorf("owner of %s is %s, want %s", vendorID, got, want)
		}
		return err
	})
}

func erasedRequests(f *fixture) {
	id := f.erasable().GetLeadId()
	f.erase(id)
	f.view(func(r idmap.Reader) error {
		got, err := r.Request(acme, "CreateLead", "r1", at(30))
		if got.LeadID != id || got.Fingerprint != nil || !got.ExpireTime.Equal(at(60)) {
			f.Errorf("got %+v", got)
		}
		return err
	})
	f.refused(idmap.ErrClaimed, func(tx idmap.Tx) error {
		return tx.PutRequest(acme, "CreateLead", "r1", idmap.Request{LeadID: id, ExpireTime: at(90)}, at(30))
	})
	claim := idmap.Request{Fingerprint: []byte("g"), LeadID: id, ExpireTime: at(60)}
	f.update(func(tx idmap.Tx) error { return tx.PutRequest(acme, "EraseLead", "r1", claim, at(0)) })
	f.view(func(r idmap.Reader) error {
		got, err := r.Request(acme, "EraseLead", "r1", at(30))
		return sameClaim(got, err, &claim)
	})
}

func erasureUndone(f *fixture) {
	lead := f.erasable()
	f.refused(errGiveUp, func(tx idmap.Tx) error {
		if err := tx.EraseLead(acme, receiptOf(lead.GetLeadId()), eventOf(lead.GetLeadId())); err != nil {
			return err
		}
		return errGiveUp
	})
	if err := f.store.DropErased(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.reopen()
	f.view(func(r idmap.Reader) error {
		got, err := r.Lead(acme, lead.GetLeadId())
		queue, err2 := r.Queue(acme, west)
		if queue.Depth != 1 {
			f.Errorf("%+v", queue)
		}
		return errors.Join(err, err2, same("lead", got, lead))
	})
}

func dropped(f *fixture) {
	var ids []string
	f.update(func(tx idmap.Tx) error {
		ids = nil
		for range 40 {
			lead := &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead), FirstName: "Ann"}
			ids = append(ids, lead.GetLeadId())
			if err := tx.PutLead(acme, lead); err != nil {
				return err
			}
		}
		return nil
	})
	for i, id := range ids {
		if i%3 == 0 {
			f.erase(id)
		}
	}
	f.reopen()
	f.view(func(r idmap.Reader) error {
		for i, id := range ids {
			if _, err := r.Lead(acme, id); errors.Is(err, idmap.ErrErased) != (i%3 == 0) || (i%3 != 0 && err != nil) {
				f.Errorf("lead %d: %v", i, err)
			}
		}
		return nil
	})
	if report := f.sound(); report.Erased != 14 || report.Leads != 26 {
		f.Errorf("%+v", report)
	}
	if slices.Contains(ids, "") {
		f.Error("an ID is empty")
	}
}

func leaving(f *fixture) {
	lead := f.erasable()
	id := lead.GetLeadId()
	rest := &leadmuxv1.Lead{LeadId: id, Phone: phoneA}
	f.refused(idmap.ErrNotFound, func(tx idmap.Tx) error { return tx.PutLeaving(acme, rest) })
	op := openOperation(lead, "op_1", opQueued)
	f.update(func(tx idmap.Tx) error {
		return errors.Join(tx.EraseLead(acme, receiptOf(id), eventOf(id)), tx.PutLeaving(acme, rest), tx.PutOperation(acme, op))
	})
	f.refused(idmap.ErrErased, func(tx idmap.Tx) error { return tx.EraseLead(acme, receiptOf(id), eventOf(id)) })
	f.refused(idmap.ErrErased, func(tx idmap.Tx) error { return tx.PutLead(acme, lead) })
	rest.LastName = "Ann"
	f.update(func(tx idmap.Tx) error {
		return errors.Join(tx.PutLeaving(acme, rest), tx.AppendEvent(acme, eventOf(id)))
	})
	if err := f.store.DropErased(f.Context()); err != nil {
		f.Fatal(err)
	}
	for range 2 {
		f.view(func(r idmap.Reader) error {
			if _, err := r.Lead(acme, id); !errors.Is(err, idmap.ErrErased) {
				f.Errorf("lead: %v", err)
			}
			found, err := r.FindLeads(acme, idmap.LeadKey{Kind: idmap.KeyPhone, Value: phoneA}, 9)
			listed, _, err2 := r.ListLeads(acme, idmap.LeadFilter{}, "", 9)
			if len(found)+len(listed) > 0 {
				f.Errorf("found %v, listed %v", found, listed)
			}
			got, err3 := r.Leaving(acme, id)
			due, err4 := r.Due(acme, west, at(60), 9)
			_, err5 := r.Events(acme, "", 9)
			return errors.Join(err, err2, err3, err4, err5, same("what is left", got, rest), sameAll("due", due, []*leadmuxv1.Operation{op}))
		})
		if report := f.sound(); report.Leads != 0 || report.Erased != 1 || report.Operations != 1 || report.Events != 2 {
			f.Errorf("%+v", report)
		}
		f.reopen()
	}
	receipt := receiptOf(id)
	receipt.CompleteTime = stamp(30)
	f.update(func(tx idmap.Tx) error {
		return errors.Join(tx.PutErasure(acme, receipt), tx.DropLeaving(acme, id), tx.DropLeaving(acme, id))
	})
	for range 2 { // the key goes at the latest when the store is opened
		f.view(func(r idmap.Reader) error {
			got, err := r.Erasure(acme, id)
			for what, err := range map[string]error{
				"what is left": second(r.Leaving(acme, id)), "operation": second(r.Operation(acme, "op_1")), "lead": second(r.Lead(acme, id)),
			} {
				if !errors.Is(err, idmap.ErrNotFound) {
					f.Errorf("%s: %v", what, err)
				}
			}
			queue, err2 := r.Queue(acme, west)
			if queue.Depth != 0 {
				f.Errorf("%+v", queue)
			}
			return errors.Join(err, err2, same("receipt", got, receipt))
		})
		if report := f.sound(); report.Operations != 0 || report.Events != 1 {
			f.Errorf("%+v", report)
		}
		f.reopen()
	}
}

func second[V any](_ V, err error) error { return err }
