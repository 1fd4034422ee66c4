package idmaptest

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var subscriptionTests = []contractTest{
	{"a subscription is kept with its keys and its place, over a restart, for its tenant only", keepSubscription},
	{"subscriptions are listed newest first, in pages", listSubscriptions},
	{"deliveries are due at their time, counted while they wait, and listed", lineOfDeliveries},
	{"the first delivery about a subject is that whose event comes first in the log", firstOfSubject},
	{"a dropped subscription is not found, and its deliveries go a few at a time", dropSubscription},
	{"deliveries are removed once they are old, of every subscription", trimOutgoing},
	{"an event is found at its place, and a place before a moment", placesOfEvents},
}

func subscriptionOf(url string) idmap.Subscription {
	return idmap.Subscription{
		Public: &leadmuxv1.Subscription{SubscriptionId: typeid.New(typeid.Subscription), Url: url, Types: []string{"lead.created"}},
		Keys:   []idmap.SigningKey{{Secret: "whsec_new", CreateTime: at(1)}, {Secret: "whsec_old", CreateTime: at(0), ExpireTime: at(60)}},
	}
}

// subscribe stores subscriptions that stand at the start of the log.
func (f *fixture) subscribe(urls ...string) (all []idmap.Subscription) {
	f.Helper()
	for _, url := range urls {
		subscription := subscriptionOf(url)
		f.update(func(tx idmap.Tx) error {
			start, _, err := tx.LogBounds(acme)
			return errors.Join(err, tx.PutSubscription(acme, subscription),
				tx.PutProgress(acme, subscription.Public.GetSubscriptionId(), idmap.Progress{Place: start}))
		})
		all = append(all, subscription)
	}
	return all
}

// outgoingOf is a PENDING delivery of the nth event of the log.
func outgoingOf(subscription idmap.Subscription, n int, subject string, due int) *leadmuxv1.WebhookDelivery {
	return &leadmuxv1.WebhookDelivery{
		DeliveryId: typeid.New(typeid.Delivery), SubscriptionId: subscription.Public.GetSubscriptionId(), EventId: fmt.Sprintf("evt_%d", n),
		EventCursor: fmt.Sprintf("%016x", n), Subject: subject, State: leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING,
		NextAttemptTime: stamp(due), CreateTime: stamp(n),
	}
}

func (f *fixture) putOutgoing(deliveries ...*leadmuxv1.WebhookDelivery) {
	f.Helper()
	f.update(func(tx idmap.Tx) error {
		for _, d := range deliveries {
			if err := tx.PutOutgoing(acme, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// wantOutgoing wants the line of a subscription to be so, and what is due by a minute.
func (f *fixture) wantOutgoing(id string, line idmap.OutgoingLine, minute int, due ...*leadmuxv1.WebhookDelivery) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.OutgoingLine(acme, id)
		found, errDue := r.DueOutgoing(acme, id, at(minute), 9)
		if got.Pending != line.Pending || !got.Oldest.Equal(line.Oldest) || !got.NextDue.Equal(line.NextDue) {
			err = errors.Join(err, fmt.Errorf("line: got %v, want %v", got, line))
		}
		return errors.Join(err, errDue, sameAll("due", found, due))
	})
}

func keepSubscription(f *fixture) {
	made := f.subscribe("https://hooks.example.com/canary")[0]
	id := made.Public.GetSubscriptionId()
	progress := idmap.Progress{Place: fmt.Sprintf("%016x", 7), FailingSince: at(3), MissedTime: at(4)}
	f.update(func(tx idmap.Tx) error { return tx.PutProgress(acme, id, progress) })
	f.refused(idmap.ErrNotFound, func(tx idmap.Tx) error { return tx.PutProgress("other", id, progress) })
	f.refused(idmap.ErrNotFound, func(tx idmap.Tx) error { return tx.PutOutgoing("other", outgoingOf(made, 1, "", 0)) })
	for range 2 {
		f.view(func(r idmap.Reader) error {
			got, err := r.Subscription(acme, id)
			far, errFar := r.Progress(acme, id)
			if _, other := r.Subscription("other", id); !errors.Is(other, idmap.ErrNotFound) {
				f.Errorf("another tenant: %v", other)
			}
			if !proto.Equal(got.Public, made.Public) {
				f.Errorf("got %v, want %v", got.Public, made.Public)
			}
			return errors.Join(err, errFar, sameValues("keys", got.Keys, made.Keys), sameValues("progress", []idmap.Progress{far}, []idmap.Progress{progress}))
		})
		f.reopen()
	}
	if report := f.sound(); report.Subscriptions != 1 {
		f.Errorf("%d subscriptions", report.Subscriptions)
	}
}

func listSubscriptions(f *fixture) {
	all := f.subscribe("https://1.example.com", "https://2.example.com", "https://3.example.com")
	f.view(func(r idmap.Reader) error {
		var urls []string
		before, pages := "", 0
		for more := true; more; more = before != "" {
			list, next, err := r.ListSubscriptions(acme, before, 2)
			if err != nil {
				return err
			}
			for _, s := range list {
				urls = append(urls, s.Public.GetUrl())
			}
			before = next
			pages++
		}
		if none, _, err := r.ListSubscriptions("other", "", 9); len(none) > 0 || err != nil {
			f.Errorf("another tenant: %v %v", none, err)
		}
		return errors.Join(sameValues("pages", []int{pages}, []int{2}),
			sameValues("urls", urls, []string{all[2].Public.GetUrl(), all[1].Public.GetUrl(), all[0].Public.GetUrl()}))
	})
}

func lineOfDeliveries(f *fixture) {
	subs := f.subscribe("https://1.example.com", "https://2.example.com")
	one, two, other := outgoingOf(subs[0], 1, "lead_1", 5), outgoingOf(subs[0], 2, "", 3), outgoingOf(subs[1], 3, "lead_1", 1)
	f.putOutgoing(one, two, other)
	id := subs[0].Public.GetSubscriptionId()
	f.wantOutgoing(id, idmap.OutgoingLine{Pending: 2, Oldest: at(1), NextDue: at(3)}, 4, two)
	f.wantOutgoing(id, idmap.OutgoingLine{Pending: 2, Oldest: at(1), NextDue: at(3)}, 5, two, one)

	two.State, two.NextAttemptTime = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_DELIVERED, nil
	one.NextAttemptTime, one.Attempts = stamp(9), []*leadmuxv1.WebhookAttempt{{Time: stamp(5), Status: 500, Error: "it answered HTTP 500"}}
	f.putOutgoing(two, one)
	f.reopen()
	f.wantOutgoing(id, idmap.OutgoingLine{Pending: 1, Oldest: at(1), NextDue: at(9)}, 8)
	for _, c := range []struct {
		filter idmap.OutgoingFilter
		want   []*leadmuxv1.WebhookDelivery
	}{
		{idmap.OutgoingFilter{}, []*leadmuxv1.WebhookDelivery{two, one}},
		{idmap.OutgoingFilter{State: one.GetState()}, []*leadmuxv1.WebhookDelivery{one}},
		{idmap.OutgoingFilter{EventID: "evt_2"}, []*leadmuxv1.WebhookDelivery{two}},
		{idmap.OutgoingFilter{EventID: "evt_3"}, nil},
	} {
		f.view(func(r idmap.Reader) error {
			var got []*leadmuxv1.WebhookDelivery
			before := ""
			for more := true; more; more = before != "" {
				list, next, err := r.ListOutgoing(acme, id, c.filter, before, 1)
				if err != nil {
					return err
				}
				got, before = append(got, list...), next
			}
			return sameAll(fmt.Sprint(c.filter), got, c.want)
		})
	}
}

func firstOfSubject(f *fixture) {
	sub := f.subscribe("https://1.example.com")[0]
	late, early, alone := outgoingOf(sub, 9, "lead_1", 5), outgoingOf(sub, 4, "lead_1", 5), outgoingOf(sub, 1, "lead_12", 5)
	late.NextAttemptTime = nil
	f.putOutgoing(late, early, alone)
	f.view(func(r idmap.Reader) error {
		got, err := r.FirstOutgoing(acme, sub.Public.GetSubscriptionId(), "lead_1")
		_, none := r.FirstOutgoing(acme, sub.Public.GetSubscriptionId(), "lead_2")
		if !errors.Is(none, idmap.ErrNotFound) {
			f.Errorf("of nobody: %v", none)
		}
		return errors.Join(err, sameAll("first", []*leadmuxv1.WebhookDelivery{got}, []*leadmuxv1.WebhookDelivery{early}))
	})
}

func dropSubscription(f *fixture) {
	subs := f.subscribe("https://1.example.com", "https://2.example.com")
	id := subs[0].Public.GetSubscriptionId()
	f.putOutgoing(outgoingOf(subs[0], 1, "lead_1", 5), outgoingOf(subs[0], 2, "", 5), outgoingOf(subs[0], 3, "", 5), outgoingOf(subs[1], 3, "", 5))
	f.update(func(tx idmap.Tx) error { return tx.DropSubscription(acme, id) })
	f.refused(idmap.ErrNotFound, func(tx idmap.Tx) error { return tx.DropSubscription(acme, id) })
	f.refused(idmap.ErrNotFound, func(tx idmap.Tx) error { return tx.PutOutgoing(acme, outgoingOf(subs[0], 4, "", 5)) })
	f.sound()
	for _, more := range []bool{true, false, false} {
		f.view(func(r idmap.Reader) error {
			_, err := r.Subscription(acme, id)
			if !errors.Is(err, idmap.ErrNotFound) {
				return fmt.Errorf("a dropped one: %w", err)
			}
			return nil
		})
		var left bool
		f.update(func(tx idmap.Tx) (err error) {
			left, err = tx.ForgetOutgoing(acme, id, 2)
			return err
		})
		if left != more {
			f.Errorf("more is %v, want %v", left, more)
		}
	}
	f.view(func(r idmap.Reader) error {
		dropped, err := r.DroppedSubscriptions(acme)
		return errors.Join(err, sameValues("dropped", dropped, []string{}))
	})
	if report := f.sound(); report.Subscriptions != 1 || report.Outgoing != 1 {
		f.Errorf("left: %+v", report)
	}
}

func trimOutgoing(f *fixture) {
	subs := f.subscribe("https://1.example.com", "https://2.example.com")
	done := outgoingOf(subs[0], 1, "", 5)
	done.State, done.NextAttemptTime = leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_FAILED, nil
	f.putOutgoing(done, outgoingOf(subs[0], 8, "", 9), outgoingOf(subs[1], 2, "lead_1", 5), outgoingOf(subs[1], 3, "lead_1", 5))
	for _, step := range []struct{ limit, removed, left int }{{1, 1, 3}, {9, 2, 1}, {9, 0, 1}} {
		var n int
		f.update(func(tx idmap.Tx) (err error) {
			n, err = tx.TrimOutgoing(acme, at(5), step.limit)
			return err
		})
		if report := f.sound(); n != step.removed || report.Outgoing != step.left {
			f.Errorf("%d removed and %d left, want %v", n, report.Outgoing, step)
		}
	}
}

func placesOfEvents(f *fixture) {
	lead := f.erasable()
	f.erase(lead.GetLeadId())
	const hours = 10
	var minutes []int
	for i := range hours {
		minutes = append(minutes, 60*(i+2))
	}
	cursors := f.eventsAt("", minutes...)
	f.view(func(r idmap.Reader) error {
		start, _, err := r.LogBounds(acme)
		for i, place := range cursors {
			event, errAt := r.EventAt(acme, place)
			from, errFrom := r.PlaceBefore(acme, at(minutes[i]))
			if event.GetCursor() != place || from >= place || (i > 2 && from != cursors[i-2]) {
				f.Errorf("event %d at %s: %v, begins behind %s", i, place, event, from)
			}
			err = errors.Join(err, errAt, errFrom)
		}
		if _, gone := r.EventAt(acme, fmt.Sprintf("%016x", 1)); !errors.Is(gone, idmap.ErrErased) {
			f.Errorf("of an erased lead: %v", gone)
		}
		if _, none := r.EventAt(acme, fmt.Sprintf("%016x", 999)); !errors.Is(none, idmap.ErrNotFound) {
			f.Errorf("behind the end: %v", none)
		}
		first, errFirst := r.PlaceBefore(acme, at(-999))
		if first < start || first >= cursors[0] {
			f.Errorf("before all: %s", first)
		}
		return errors.Join(err, errFirst)
	})
}
