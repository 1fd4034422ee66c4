package idmaptest

import (
	"context"
	"errors"
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var eventTests = []contractTest{
	{"events come in the order they were appended, after a cursor, at most limit", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.wantEvents(acme, "", 9)
		var log []*leadmuxv1.Event
		for i := range 6 {
			e := eventOf([]string{lead.GetLeadId(), ""}[i%2])
			f.update(appendEvents(acme, e))
			log = append(log, e)
		}
		for range 2 {
			f.wantEvents(acme, "", 9, log...)
			f.wantEvents(acme, "", 4, log[:4]...)
			f.wantEvents(acme, log[1].GetCursor(), 9, log[2:]...)
			f.wantEvents(acme, log[1].GetCursor(), 2, log[2:4]...)
			f.wantEvents(acme, log[5].GetCursor(), 9)
			f.reopen()
		}
		more := eventOf(lead.GetLeadId())
		f.update(appendEvents(acme, more))
		f.wantEvents(acme, log[4].GetCursor(), 9, log[5], more)
	}},
	{"AppendEvent sets the cursor, larger each time", func(f *fixture) {
		last := ""
		for range 40 {
			e := eventOf("")
			f.update(appendEvents(acme, e))
			if e.GetCursor() <= last {
				f.Fatalf("cursor %q came after %q", e.GetCursor(), last)
			}
			last = e.GetCursor()
		}
	}},
	{"several events of one transaction keep their order", func(f *fixture) {
		log := []*leadmuxv1.Event{eventOf(""), eventOf(""), eventOf("")}
		f.update(appendEvents(acme, log[2], log[0], log[1]))
		f.wantEvents(acme, "", 9, log[2], log[0], log[1])
	}},
	{"an event of a lead needs the lead", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads("other", lead))
		f.refused(idmap.ErrNotFound, appendEvents(acme, eventOf(lead.GetLeadId())))
		f.wantEvents(acme, "", 9)
		e := eventOf(lead.GetLeadId())
		f.update(func(tx idmap.Tx) error { return errors.Join(tx.PutLead(acme, lead), tx.AppendEvent(acme, e)) })
		f.wantEvents(acme, "", 9, e)
	}},
	{"an undone event is in no log, and leaves none out", func(f *fixture) {
		first, second := eventOf(""), eventOf("")
		undo := errors.New("undo")
		f.update(appendEvents(acme, first))
		f.refused(undo, func(tx idmap.Tx) error { return errors.Join(tx.AppendEvent(acme, eventOf("")), undo) })
		f.update(appendEvents(acme, second))
		f.wantEvents(acme, "", 9, first, second)
		f.wantEvents(acme, first.GetCursor(), 9, second)
	}},
	{"each tenant has its own log", func(f *fixture) {
		mine, theirs := eventOf(""), eventOf("")
		f.update(appendEvents(acme, mine))
		f.update(appendEvents("other", theirs))
		f.wantEvents(acme, "", 9, mine)
		f.wantEvents("other", "", 9, theirs)
	}},
	{"what is no cursor is refused", func(f *fixture) {
		f.update(appendEvents(acme, eventOf("")))
		for _, after := range []string{"x", "not a cursor", "-1", "ffffffffffffffffff"} {
			err := f.store.View(context.Background(), func(r idmap.Reader) error {
				got, err := r.Events(acme, after, 9)
				if err == nil {
					f.Errorf("after %q: %d events and no error", after, len(got))
				}
				return err
			})
			if err == nil {
				f.Error("no error came through")
			}
		}
	}},
}

func appendEvents(tenant string, events ...*leadmuxv1.Event) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error {
		for _, e := range events {
			if err := tx.AppendEvent(tenant, e); err != nil {
				return err
			}
		}
		return nil
	}
}

func (f *fixture) wantEvents(tenant, after string, limit int, want ...*leadmuxv1.Event) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Events(tenant, after, limit)
		return errors.Join(err, sameAll(fmt.Sprintf("events after %q", after), got, want))
	})
}
