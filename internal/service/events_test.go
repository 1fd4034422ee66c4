package service_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/service"
	"github.com/leadmux/leadmux/internal/typeid"
)

// listener is a caller's side of a watch.
type listener struct {
	grpc.ServerStream
	ctx  context.Context
	take func(*leadmuxv1.WatchEventsResponse) error
}

func (l listener) Context() context.Context { return l.ctx }

func (l listener) Send(message *leadmuxv1.WatchEventsResponse) error {
	return l.take(proto.CloneOf(message))
}

// eventService is the service of the rig's log.
func (r *rig) eventService() *service.EventService {
	return service.NewEvents(r.LeadService, r.store)
}

// happen appends an event about a lead; "" for none.
func (r *rig) happen(leadID, kind string) string {
	r.t.Helper()
	event := &leadmuxv1.Event{EventId: typeid.New(typeid.Event), Type: kind, LeadId: leadID, ReceiveTime: timestamppb.Now()}
	err := r.store.Update(context.Background(), func(tx idmap.Tx) error { return tx.AppendEvent("full", event) })
	if err != nil {
		r.t.Error(err)
	}
	return event.GetEventId()
}

// listEvents reads a list of events to its end.
func (r *rig) listEvents(request *leadmuxv1.ListEventsRequest) (events []*leadmuxv1.Event, cursor string) {
	r.t.Helper()
	request = proto.CloneOf(request)
	for {
		got, err := r.eventService().ListEvents(r.full, request)
		if err != nil {
			r.t.Fatal(err)
		}
		events = append(events, got.GetEvents()...)
		if request.PageToken = got.GetNextPageToken(); request.GetPageToken() == "" {
			return events, got.GetCursor()
		}
	}
}

func kindsOf(events []*leadmuxv1.Event) string {
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.GetType())
	}
	return strings.Join(kinds, " ")
}

func TestListEvents(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "all", "plain").GetLeadId()
		synctest.Wait()
		other := r.give(&leadmuxv1.Lead{Email: "grace@example.com"}, "plain").GetLeadId()
		synctest.Wait()
		r.updated(&leadmuxv1.Lead{LeadId: id, FirstName: "Augusta"}, "first_name")
		synctest.Wait()
		for name, c := range map[string]struct {
			request *leadmuxv1.ListEventsRequest
			want    string
		}{
			"a lead's story": {&leadmuxv1.ListEventsRequest{LeadId: id}, "lead.created lead.engagement_changed lead.engagement_changed lead.updated"},
			"an account's":   {&leadmuxv1.ListEventsRequest{Account: "all"}, "lead.engagement_changed"},
			"types":          {&leadmuxv1.ListEventsRequest{Types: []string{"lead.created", "lead.updated"}}, "lead.created lead.created lead.updated"},
			"together":       {&leadmuxv1.ListEventsRequest{LeadId: other, Account: "plain", Types: []string{"lead.engagement_changed"}}, "lead.engagement_changed"},
			"none":           {&leadmuxv1.ListEventsRequest{CallId: typeid.New(typeid.Call)}, ""},
		} {
			for _, size := range []int32{0, 1, 2} {
				c.request.PageSize = size
				if got, _ := r.listEvents(c.request); kindsOf(got) != c.want {
					t.Errorf("%s, %d at a time: %s, want %s", name, size, kindsOf(got), c.want)
				}
			}
		}
		all, end := r.listEvents(&leadmuxv1.ListEventsRequest{})
		for i, event := range all {
			if rest, _ := r.listEvents(&leadmuxv1.ListEventsRequest{After: event.GetCursor(), PageSize: 2}); kindsOf(rest) != kindsOf(all[i+1:]) {
				t.Errorf("after event %d: %s, want %s", i, kindsOf(rest), kindsOf(all[i+1:]))
			}
		}
		r.happen("", "account.stopped")
		if rest, _ := r.listEvents(&leadmuxv1.ListEventsRequest{After: end}); kindsOf(rest) != "account.stopped" {
			t.Errorf("after the end: %s", kindsOf(rest))
		}
	})
}

func TestCursorsAreChecked(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.happen("", "account.stopped")
		all, _ := r.listEvents(&leadmuxv1.ListEventsRequest{})
		good := all[0].GetCursor()
		first := "B"
		if good[0] == 'B' {
			first = "C"
		}
		for name, cursor := range map[string]string{"no cursor": "x", "the place alone": "0000000000000001", "changed": first + good[1:], "cut": good[:len(good)-1]} {
			_, err := r.eventService().ListEvents(r.full, &leadmuxv1.ListEventsRequest{After: cursor})
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "CURSOR_INVALID", "after")
		}
		_, err := r.eventService().ListEvents(r.ctx, &leadmuxv1.ListEventsRequest{After: good})
		refused(t, err, codes.InvalidArgument, "CURSOR_INVALID", "after") // of another tenant
		_, err = r.eventService().ListEvents(r.full, &leadmuxv1.ListEventsRequest{Account: "west"})
		refused(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
		err = r.eventService().WatchEvents(&leadmuxv1.WatchEventsRequest{After: good, FromNow: true}, listener{ctx: r.full})
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "from_now")
	})
}

// A cursor from before the events that are kept is refused, with the oldest one that still works.
func TestP6AnOldCursorIsToldSo(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for range 4 {
			r.happen("", "account.stopped")
			<-time.After(time.Hour)
		}
		all, _ := r.listEvents(&leadmuxv1.ListEventsRequest{})
		err := r.store.Update(t.Context(), func(tx idmap.Tx) error {
			_, err := tx.TrimEvents("full", all[2].GetReceiveTime().AsTime(), 100)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.eventService().ListEvents(r.full, &leadmuxv1.ListEventsRequest{After: all[0].GetCursor()})
		told := refused(t, err, codes.OutOfRange, "EVENTS_GONE")
		watched := r.eventService().WatchEvents(&leadmuxv1.WatchEventsRequest{After: all[0].GetCursor()}, listener{ctx: r.full})
		refused(t, watched, codes.OutOfRange, "EVENTS_GONE")
		if rest, _ := r.listEvents(&leadmuxv1.ListEventsRequest{After: told.metadata["cursor"]}); len(rest) != 2 {
			t.Errorf("after the oldest cursor: %v", rest)
		}
		if rest, _ := r.listEvents(&leadmuxv1.ListEventsRequest{}); len(rest) != 2 {
			t.Errorf("from the beginning: %v", rest)
		}
	})
}

// A watch shows what there is, then what comes, with heartbeats in between; it ends with the cursor to go on from.
func TestWatchEvents(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.happen("", "one")
		var mu sync.Mutex
		var got []string
		last := ""
		ctx, stop := context.WithCancel(r.full)
		ended := make(chan error)
		go func() {
			ended <- r.eventService().WatchEvents(&leadmuxv1.WatchEventsRequest{Types: []string{"one", "two"}}, listener{ctx: ctx,
				take: func(m *leadmuxv1.WatchEventsResponse) error {
					mu.Lock()
					defer mu.Unlock()
					got, last = append(got, m.GetEvent().GetType()), m.GetCursor()
					return nil
				}})
		}()
		wants := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(got, want) {
				t.Errorf("it got %q, want %q", got, want)
			}
		}
		wants("one")
		<-time.After(14 * time.Second)
		r.happen("", "two")
		wants("one", "two")
		<-time.After(14 * time.Second)
		r.happen("", "three") // passed over
		wants("one", "two")
		<-time.After(2 * time.Second)
		wants("one", "two", "")
		<-time.After(30 * time.Second)
		wants("one", "two", "", "", "")
		stop()
		told := refused(t, <-ended, codes.Unavailable, "SHUTTING_DOWN")
		if told.metadata["cursor"] == "" || told.metadata["cursor"] != last {
			t.Errorf("it ended at %q, want %q", told.metadata["cursor"], last)
		}
		if rest, _ := r.listEvents(&leadmuxv1.ListEventsRequest{After: last}); len(rest) != 0 {
			t.Errorf("the heartbeat's cursor lies before %v", rest)
		}
	})
}

func TestWatchFromNow(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.happen("", "before")
		got := make(chan *leadmuxv1.WatchEventsResponse, 9)
		ctx, stop := context.WithCancel(r.full)
		ended := make(chan error)
		go func() {
			ended <- r.eventService().WatchEvents(&leadmuxv1.WatchEventsRequest{FromNow: true}, listener{ctx: ctx,
				take: func(m *leadmuxv1.WatchEventsResponse) error { got <- m; return nil }})
		}()
		if first := <-got; first.GetEvent() != nil || first.GetCursor() == "" {
			t.Errorf("it begins with %v", first)
		}
		id := r.happen("", "after")
		if next := <-got; next.GetEvent().GetEventId() != id || next.GetEvent().GetCursor() != next.GetCursor() {
			t.Errorf("then comes %v", next)
		}
		stop()
		<-ended
	})
}

// What is written while a reader takes its time is not passed over.
func TestP6AWatchSkipsNothing(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		want := []string{r.happen("", "one")}
		var got []string
		ctx, stop := context.WithCancel(r.full)
		_ = r.eventService().WatchEvents(&leadmuxv1.WatchEventsRequest{}, listener{ctx: ctx, take: func(m *leadmuxv1.WatchEventsResponse) error {
			if m.GetEvent() == nil { // everything there is was sent
				stop()
				return nil
			}
			got = append(got, m.GetEvent().GetEventId())
			if len(want) < 5 {
				want = append(want, r.happen("", "meanwhile"))
			}
			return nil
		}})
		if !slices.Equal(got, want) {
			t.Errorf("it got %d events, want %d", len(got), len(want))
		}
	})
}

// TestP6EveryWatcherSeesEverythingOnce: 24 writers, 20 watchers that are cut off at random and go on from their cursor, some of
// them slow.
func TestP6EveryWatcherSeesEverythingOnce(t *testing.T) {
	t.Parallel()
	const writers, watchers, each = 24, 20, 25
	r := newRig(t, nil)
	var leads []string
	for i := range 6 {
		leads = append(leads, r.give(&leadmuxv1.Lead{Email: fmt.Sprintf("ada%d@example.com", i)}, "all").GetLeadId())
	}
	_, begin := r.listEvents(&leadmuxv1.ListEventsRequest{})
	var mu sync.Mutex
	perLead := map[string][]string{}
	var writing, watching sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for range each {
				lead := leads[rand.IntN(len(leads))]
				mu.Lock() // so that the order of one lead is known
				perLead[lead] = append(perLead[lead], r.happen(lead, "lead.note"))
				mu.Unlock()
			}
		})
	}
	seen := make([][]*leadmuxv1.Event, watchers)
	for i := range watchers {
		watching.Go(func() {
			for cursor := begin; len(seen[i]) < writers*each; {
				ctx, cut := context.WithCancel(r.full)
				left := 1 + rand.IntN(200)
				_ = r.eventService().WatchEvents(&leadmuxv1.WatchEventsRequest{After: cursor}, listener{ctx: ctx, take: func(m *leadmuxv1.WatchEventsResponse) error {
					if i%4 == 0 { // slow
						<-time.After(time.Millisecond)
					}
					if left--; left == 0 { // cut off before it was taken
						cut()
						return context.Canceled
					}
					if cursor = m.GetCursor(); m.GetEvent() != nil {
						seen[i] = append(seen[i], m.GetEvent())
					}
					if len(seen[i]) == writers*each {
						cut()
					}
					return nil
				}})
				cut()
			}
		})
	}
	writing.Wait()
	watching.Wait()
	for i, events := range seen {
		got := map[string][]string{}
		for _, e := range events {
			got[e.GetLeadId()] = append(got[e.GetLeadId()], e.GetEventId())
		}
		for lead, want := range perLead {
			if !slices.Equal(got[lead], want) {
				t.Errorf("watcher %d saw %d events of a lead, want %d, in their order", i, len(got[lead]), len(want))
			}
		}
	}
}

func TestAsOf(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		begin := time.Now()
		<-time.After(time.Hour)
		id := r.give(ada1(), "all").GetLeadId()
		synctest.Wait()
		made := time.Now()
		<-time.After(time.Hour)
		if _, err := r.end(id, "all"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ended := time.Now()
		<-time.After(time.Hour)
		if _, err := r.engage(id, "all", "plain"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		<-time.After(time.Hour)
		ask := func(at time.Time) (*leadmuxv1.Lead, error) {
			got, err := r.GetLead(r.full, &leadmuxv1.GetLeadRequest{LeadId: id, AsOf: timestamppb.New(at)})
			return got.GetLead(), err
		}
		for name, c := range map[string]struct {
			at    time.Time
			all   string
			plain string
		}{
			"made":         {made, "ACTIVE", "nowhere"},
			"before ended": {ended.Add(-time.Second), "ACTIVE", "nowhere"},
			"ended":        {ended, "QUALIFIED", "nowhere"},
			"long after":   {ended.Add(59 * time.Minute), "QUALIFIED", "nowhere"},
			"engaged anew": {time.Now(), "ACTIVE", "ACTIVE"},
		} {
			lead, err := ask(c.at)
			if err != nil || stateAt(lead, "all") != c.all || stateAt(lead, "plain") != c.plain || lead.GetEmail() == "" {
				t.Errorf("%s: %v, %v", name, lead, err)
			}
			if e := delivery.Engagement(lead, "all"); e.GetVendorLeadId() == "" || e.GetCreateTime() == nil {
				t.Errorf("%s: %v", name, e)
			}
		}
		_, err := ask(begin)
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND", "as_of")
		err = r.store.Update(t.Context(), func(tx idmap.Tx) error {
			_, err := tx.TrimEvents("full", ended, 100)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = ask(ended)
		refused(t, err, codes.OutOfRange, "EVENTS_GONE", "as_of")
	})
}
