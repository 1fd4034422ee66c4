package idmaptest

import (
	"errors"
	"fmt"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var eventListTests = []contractTest{
	{"ListEvents narrows by what events are about, and reads on from where it stopped", func(f *fixture) {
		one, two := leadOf(), leadOf()
		call, chat := typeid.New(typeid.Call), typeid.New(typeid.Chat)
		f.update(putLeads(acme, one, two))
		var log []*leadmuxv1.Event
		for i := range 12 {
			e := eventOf([]string{one.GetLeadId(), two.GetLeadId(), ""}[i%3])
			e.Type, e.Account = []string{"lead.created", "lead.updated"}[i%2], []string{"west", "east", "north", "south"}[i%4]
			if i%3 == 2 {
				e.CallId, e.ChatId = call, []string{chat, ""}[i%2]
			}
			log = append(log, e)
			f.update(appendEvents(acme, e))
		}
		f.update(appendEvents("other", eventOf("")))
		for range 2 {
			for what, c := range map[string]struct {
				filter idmap.EventFilter
				passes func(*leadmuxv1.Event) bool
			}{
				"nothing":       {idmap.EventFilter{}, func(*leadmuxv1.Event) bool { return true }},
				"a lead":        {idmap.EventFilter{LeadID: one.GetLeadId()}, func(e *leadmuxv1.Event) bool { return e.GetLeadId() == one.GetLeadId() }},
				"a call":        {idmap.EventFilter{CallID: call}, func(e *leadmuxv1.Event) bool { return e.GetCallId() == call }},
				"a chat":        {idmap.EventFilter{ChatID: chat}, func(e *leadmuxv1.Event) bool { return e.GetChatId() == chat }},
				"a chat's call": {idmap.EventFilter{CallID: call, ChatID: chat}, func(e *leadmuxv1.Event) bool { return e.GetChatId() == chat }},
				"an account":    {idmap.EventFilter{Account: "east"}, func(e *leadmuxv1.Event) bool { return e.GetAccount() == "east" }},
				"types":         {idmap.EventFilter{Types: []string{"x", "lead.updated"}}, func(e *leadmuxv1.Event) bool { return e.GetType() == "lead.updated" }},
				"a lead's type": {idmap.EventFilter{LeadID: two.GetLeadId(), Types: []string{"lead.updated"}},
					func(e *leadmuxv1.Event) bool {
						return e.GetLeadId() == two.GetLeadId() && e.GetType() == "lead.updated"
					}},
				"nobody": {idmap.EventFilter{LeadID: typeid.New(typeid.Lead)}, func(*leadmuxv1.Event) bool { return false }},
			} {
				var want []*leadmuxv1.Event
				for _, e := range log {
					if c.passes(e) {
						want = append(want, e)
					}
				}
				for _, limit := range []int{1, 2, 5, 100} {
					f.wantEventList(what, c.filter, limit, want, log[len(log)-1].GetCursor())
				}
			}
			f.reopen()
		}
	}},
	{"a cursor behind the end of the log is refused", func(f *fixture) {
		f.update(appendEvents(acme, eventOf("")))
		for _, after := range []string{"00000000000000ff", "x"} {
			f.view(func(r idmap.Reader) error {
				if _, err := r.ListEvents(acme, idmap.EventFilter{}, after, 9); !errors.Is(err, idmap.ErrCursor) {
					f.Errorf("after %q: %v", after, err)
				}
				return nil
			})
		}
	}},
	{"a cursor from before what was trimmed is told so", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		other, about := f.eventsAt("", 0, 1, 2), f.eventsAt(lead.GetLeadId(), 3, 4, 5)
		f.trim(at(4), 9)
		for range 2 {
			f.view(func(r idmap.Reader) error {
				for _, after := range other {
					_, err := r.ListEvents(acme, idmap.EventFilter{LeadID: lead.GetLeadId()}, after, 9)
					if _, err2 := r.Events(acme, after, 9); !errors.Is(err, idmap.ErrEventsGone) || !errors.Is(err2, idmap.ErrEventsGone) {
						f.Errorf("a trimmed cursor: %v, %v", err, err2)
					}
				}
				for after, want := range map[string]int{"": 2, about[0]: 2, about[1]: 1, about[2]: 0} {
					page, err := r.ListEvents(acme, idmap.EventFilter{LeadID: lead.GetLeadId()}, after, 9)
					if len(page.Events) != want || err != nil {
						f.Errorf("after %q: %d events, %v", after, len(page.Events), err)
					}
				}
				start, end, err := r.LogBounds(acme)
				if start != about[0] || end != about[2] {
					f.Errorf("the log goes from %s to %s", start, end)
				}
				return err
			})
			f.reopen()
		}
	}},
	{"who waits for events is woken when they are durable, and by no other tenant's", func(f *fixture) {
		log, ok := f.store.(idmap.EventLog)
		if !ok {
			f.Fatal("the store is no EventLog")
		}
		mine, theirs := log.Appended(acme), log.Appended("other")
		undo := errors.New("undo")
		f.refused(undo, func(tx idmap.Tx) error { return errors.Join(tx.AppendEvent(acme, eventOf("")), undo) })
		select {
		case <-mine:
			f.Error("woken by an event that is not there")
		default:
		}
		f.update(appendEvents(acme, eventOf("")))
		select {
		case <-mine:
		case <-time.After(10 * time.Second):
			f.Error("not woken")
		}
		select {
		case <-theirs:
			f.Error("woken by another tenant's event")
		case <-log.Appended(acme):
			f.Error("woken by an event from before")
		default:
		}
	}},
}

// wantEventList reads the log with a filter, limit events at a time, and checks what comes and where it ends.
func (f *fixture) wantEventList(what string, filter idmap.EventFilter, limit int, want []*leadmuxv1.Event, end string) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		var got []*leadmuxv1.Event
		after := ""
		for {
			page, err := r.ListEvents(acme, filter, after, limit)
			if err != nil {
				return err
			}
			if len(page.Events) > limit || page.Last < after {
				f.Errorf("%s: %d events at limit %d, from %s to %s", what, len(page.Events), limit, after, page.Last)
			}
			got = append(got, page.Events...)
			if after = page.Last; !page.More {
				break
			}
		}
		if after != end {
			f.Errorf("%s: read up to %s, want %s", what, after, end)
		}
		return sameAll(fmt.Sprintf("events narrowed to %s, %d at a time", what, limit), got, want)
	})
}
