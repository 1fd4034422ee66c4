package idmaptest

import (
	"context"
	"errors"
	"fmt"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var transactionTests = []contractTest{
	{"a transaction sees its own changes", func(f *fixture) {
		lead := leadOf(func(l *leadmuxv1.Lead) { l.ExternalId = "x" })
		ref := idmap.VendorRef{Account: west, Kind: idmap.KindLead, VendorID: "1"}
		f.update(func(tx idmap.Tx) error {
			if err := errors.Join(tx.PutLead(acme, lead), tx.Bind(acme, ref, lead.GetLeadId())); err != nil {
				return err
			}
			got, err := tx.Lead(acme, lead.GetLeadId())
			owner, errOwner := tx.Owner(acme, ref)
			found, errFind := tx.FindLeads(acme, idmap.LeadKey{Kind: idmap.KeyExternalID, Value: "x"}, 1)
			return errors.Join(err, errOwner, errFind, same("lead", got, lead),
				sameValues("owner and found", append(found, owner), []string{lead.GetLeadId(), lead.GetLeadId()}))
		})
	}},
	{"an error of fn undoes its changes and is returned as it is", func(f *fixture) {
		lead := leadOf()
		mine := errors.New("mine")
		err := f.store.Update(context.Background(), func(tx idmap.Tx) error {
			event := eventOf(lead.GetLeadId())
			if err := errors.Join(tx.PutLead(acme, lead), tx.AppendEvent(acme, event),
				tx.PutOperation(acme, operationOf(lead.GetLeadId(), west, 0, 0)),
				tx.Bind(acme, idmap.VendorRef{Account: west, Kind: idmap.KindLead, VendorID: "1"}, lead.GetLeadId()),
				tx.PutRequest(acme, "CreateLead", "r", idmap.Request{LeadID: lead.GetLeadId(), ExpireTime: at(60)}, at(0)),
			); err != nil {
				return err
			}
			return mine
		})
		if err != mine { //nolint:errorlint // as it is: not wrapped
			f.Fatalf("got error %v, want it as fn returned it", err)
		}
		if r := f.sound(); r.Leads+r.Bindings+r.Requests+r.Operations+r.Events != 0 {
			f.Fatalf("something stayed: %+v", r)
		}
	}},
	{"what Update has returned nil for is there after reopening", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.reopen()
		f.view(func(r idmap.Reader) error {
			got, err := r.Lead(acme, lead.GetLeadId())
			return errors.Join(err, same("lead", got, lead))
		})
	}},
	{"a done ctx is honoured before fn runs", func(f *fixture) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := f.store.Update(ctx, func(idmap.Tx) error { f.Error("fn of Update ran"); return nil })
		errView := f.store.View(ctx, func(idmap.Reader) error { f.Error("fn of View ran"); return nil })
		if !errors.Is(err, context.Canceled) || !errors.Is(errView, context.Canceled) {
			f.Fatalf("got errors %v and %v", err, errView)
		}
	}},
	{"a ctx that is done while fn runs changes nothing", func(f *fixture) {
		lead := leadOf()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if err := f.store.Update(ctx, func(tx idmap.Tx) error {
			cancel()
			return tx.PutLead(acme, lead)
		}); err != nil {
			f.Fatalf("update: %v", err)
		}
		f.view(func(r idmap.Reader) error { _, err := r.Lead(acme, lead.GetLeadId()); return err })
	}},
	{"a waiting change leaves when its ctx is done", waitingChangeLeaves},
	{"a panic of fn goes on in the caller, undone, and the store lives", func(f *fixture) {
		lead := leadOf()
		func() {
			defer func() {
				if p := recover(); p != "mine" {
					f.Errorf("recovered %v", p)
				}
			}()
			_ = f.store.Update(context.Background(), func(tx idmap.Tx) error {
				_ = tx.PutLead(acme, lead)
				panic("mine") //nolint:forbidigo // what the test is about
			})
		}()
		f.update(putLeads(acme, leadOf()))
		if r := f.sound(); r.Leads != 1 {
			f.Fatalf("%d leads, want 1", r.Leads)
		}
	}},
	{"View is one consistent picture", func(f *fixture) {
		lead := leadOf()
		f.view(func(r idmap.Reader) error {
			done := make(chan error)
			go func() { done <- f.store.Update(context.Background(), putLeads(acme, lead)) }()
			if err := <-done; err != nil {
				return err
			}
			if _, err := r.Lead(acme, lead.GetLeadId()); !errors.Is(err, idmap.ErrNotFound) {
				return fmt.Errorf("a later change is seen: %w", err)
			}
			return nil
		})
	}},
	{"Close waits for a running View, and nothing works after it", closeWaits},
}

// waitingChangeLeaves has a change wait behind a running one and takes its caller away.
func waitingChangeLeaves(f *fixture) {
	running, release, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	once := true
	go func() {
		first <- f.store.Update(context.Background(), func(idmap.Tx) error {
			if once {
				once = false
				close(running)
				<-release
			}
			return nil
		})
	}()
	<-running
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	ran := false
	err := f.store.Update(ctx, func(idmap.Tx) error { ran = true; return nil })
	close(release)
	if !errors.Is(err, context.DeadlineExceeded) {
		f.Errorf("got error %v", err)
	}
	if err := <-first; err != nil {
		f.Errorf("the running change: %v", err)
	}
	f.update(func(idmap.Tx) error { return nil }) // by now the other would have had its turn
	if ran {
		f.Error("the change ran after its caller had left")
	}
}

func closeWaits(f *fixture) {
	lead := leadOf()
	f.update(putLeads(acme, lead))
	inside, closed, viewed := make(chan struct{}), make(chan error, 1), make(chan error, 1)
	closing := f.store
	go func() {
		viewed <- closing.View(context.Background(), func(r idmap.Reader) error {
			close(inside)
			for { // until Close has begun and turns new changes away
				if err := closing.Update(context.Background(), func(idmap.Tx) error { return nil }); err != nil {
					break
				}
			}
			_, err := r.Lead(acme, lead.GetLeadId())
			return err
		})
	}()
	<-inside
	go func() { closed <- closing.Close() }()
	if err := errors.Join(<-viewed, <-closed); err != nil {
		f.Fatal(err)
	}
	ctx := context.Background()
	_, errVerify := closing.Verify(ctx)
	for what, err := range map[string]error{
		"View":   closing.View(ctx, func(idmap.Reader) error { return nil }),
		"Update": closing.Update(ctx, func(idmap.Tx) error { return nil }),
		"Verify": errVerify,
	} {
		if err == nil {
			f.Errorf("%s works after Close", what)
		}
	}
	if err := closing.Close(); err != nil {
		f.Errorf("a second Close: %v", err)
	}
	f.start()
}
