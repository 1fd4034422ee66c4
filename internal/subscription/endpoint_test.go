package subscription_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/subscription"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	gone    = leadmuxv1.SubscriptionDisabledReason_SUBSCRIPTION_DISABLED_REASON_ENDPOINT_GONE
	failing = leadmuxv1.SubscriptionDisabledReason_SUBSCRIPTION_DISABLED_REASON_ENDPOINT_FAILING
)

// TestP14AnEndpointThatIsGoneIsSentNothing: 410 disables the subscription, in its state and in the log. Made ACTIVE again it goes on where
// it was.
func TestP14AnEndpointThatIsGoneIsSentNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newReceiver(t, "")
	c.set(always(http.StatusGone))
	sub := r.subscribe(c.URL, hmac, func(s *leadmuxv1.Subscription) { s.MaxInFlight, s.Types = 1, []string{"lead.updated"} })
	r.start()
	want := r.happen("", "")
	r.until("it is disabled", func() bool { return r.stored(sub).Public.GetDisabledReason() == gone })
	want = append(want, r.happen("")...)
	r.view(func(read idmap.Reader) error {
		events, err := read.Events(tenant, "", 9)
		if told := events[2]; told.GetType() != "subscription.disabled" || told.GetSubscriptionDisabled().GetReason() != gone {
			t.Errorf("the log has %v", told)
		}
		return err
	})
	c.mu.Lock()
	tried := len(c.tried)
	c.mu.Unlock()
	if tried != 1 {
		t.Errorf("%d events were sent", tried)
	}
	c.set(always(http.StatusOK))
	again := r.stored(sub)
	again.Public.State = leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_ACTIVE
	subscription.Touch(again.Public, r.clock())
	r.update(func(tx idmap.Tx) error { return tx.PutSubscription(tenant, again) })
	r.advance(r.clock().Add(time.Hour), sub.Public.GetSubscriptionId())
	r.until("all are taken", func() bool { return len(c.got()) == 3 })
	if got := c.got(); !slices.Contains(got, want[2]) {
		t.Errorf("taken are %v of %v", got, want)
	}
}

// TestP14AnEndpointGetsTheTimeItAsksFor: Retry-After is obeyed, for the delivery and for the endpoint as a whole.
func TestP14AnEndpointGetsTheTimeItAsksFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newReceiver(t, "")
	c.set(always(http.StatusTooManyRequests))
	c.header.Set("Retry-After", "1800")
	sub := r.subscribe(c.URL, hmac, func(s *leadmuxv1.Subscription) { s.MaxInFlight = 1 })
	r.start()
	first := r.happen("")[0]
	r.quiet(sub, 1)
	if next := r.line(sub).NextDue.Sub(r.clock()); next != 30*time.Minute {
		t.Errorf("the next attempt comes after %s", next)
	}
	second := r.happen("")[0]
	r.until("the second is in line", func() bool { return r.line(sub).Pending == 2 })
	c.set(always(http.StatusOK))
	r.advance(r.clock().Add(29*time.Minute), sub.Public.GetSubscriptionId())
	if got := c.got(); len(got) > 0 {
		t.Errorf("%v came although the endpoint asked for time", got)
	}
	r.advance(r.clock().Add(time.Minute), sub.Public.GetSubscriptionId())
	r.until("both are taken", func() bool { return slices.Contains(c.got(), first) && slices.Contains(c.got(), second) })
}

// TestP14OrderPerLeadIsKeptWhereAsked: what fails holds up what is about the same lead, and nothing else.
func TestP14OrderPerLeadIsKeptWhereAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a, b := typeid.New(typeid.Lead), typeid.New(typeid.Lead)
	c := newReceiver(t, "")
	sub := r.subscribe(c.URL, hmac, func(s *leadmuxv1.Subscription) { s.Ordered = true })
	ids := r.happen(a, b, a, a, b, "")
	c.set(func(id string, n int) int {
		if id == ids[0] && n < 3 {
			return http.StatusBadRequest
		}
		return http.StatusOK
	})
	r.start()
	r.until("the others are taken", func() bool { return len(c.got()) == 3 })
	r.quiet(sub, 6)
	if got := c.got(); slices.Contains(got, ids[2]) || slices.Contains(got, ids[3]) || slices.Index(got, ids[1]) > slices.Index(got, ids[4]) {
		t.Errorf("%v came of %v", got, ids)
	}
	for range 2 {
		r.advance(r.line(sub).NextDue, sub.Public.GetSubscriptionId())
		r.quiet(sub, 6)
	}
	r.until("all are taken", func() bool { return len(c.got()) == 6 })
	if got := c.got()[3:]; !slices.Equal(got, []string{ids[0], ids[2], ids[3]}) {
		t.Errorf("the lead's came as %v of %v", got, ids)
	}
}

// TestP14AnErasedPersonIsSentToNobody: what waits when a person is erased is settled without being sent.
func TestP14AnErasedPersonIsSentToNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lead := typeid.New(typeid.Lead)
	c := newReceiver(t, "")
	c.set(always(http.StatusInternalServerError))
	sub := r.subscribe(c.URL, hmac)
	r.start()
	waits := r.happen(lead)[0]
	r.quiet(sub, 1)
	erased := typeid.New(typeid.Event)
	r.update(func(tx idmap.Tx) error {
		return tx.EraseLead(tenant, &leadmuxv1.ErasureReceipt{LeadId: lead}, &leadmuxv1.Event{
			EventId: erased, Type: "lead.erased", LeadId: lead, ReceiveTime: timestamppb.New(r.clock()),
		})
	})
	c.set(always(http.StatusOK))
	r.quiet(sub, 2)
	r.advance(r.line(sub).NextDue, sub.Public.GetSubscriptionId())
	r.quiet(sub, 2)
	for _, d := range r.deliveries(sub) {
		if want := map[string]leadmuxv1.WebhookDeliveryState{waits: skipped, erased: delivered}[d.GetEventId()]; d.GetState() != want {
			t.Errorf("%v, want %s", d, want)
		}
	}
}

// TestP14AnEndpointThatHangsHoldsUpNoOther, and has no more under way than it may.
func TestP14AnEndpointThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hang := make(chan struct{})
	slow, quick := newReceiver(t, ""), newReceiver(t, "")
	slow.set(func(string, int) int { <-hang; return http.StatusOK })
	sub := r.subscribe(slow.URL, hmac)
	r.subscribe(quick.URL, hmac)
	r.start()
	const n = 60
	r.happen(repeat("", n)...)
	r.until("the quick one has all", func() bool { return len(quick.got()) == n })
	r.until("the slow one is full", func() bool { slow.mu.Lock(); defer slow.mu.Unlock(); return slow.busy == 8 })
	close(hang)
	r.quiet(sub, n)
	if slow.most != 8 || len(slow.got()) != n {
		t.Errorf("%d were under way at once, %d came", slow.most, len(slow.got()))
	}
	figures := "# HELP leadmux_webhooks_pending Deliveries in line, of ACTIVE subscriptions.\n# TYPE leadmux_webhooks_pending gauge\n"
	lines := []string{}
	r.view(func(read idmap.Reader) error {
		list, _, err := read.ListSubscriptions(tenant, "", 9)
		for _, s := range list {
			lines = append(lines, `leadmux_webhooks_pending{subscription="`+s.Public.GetSubscriptionId()+`"} 0`)
		}
		return err
	})
	if err := testutil.GatherAndCompare(r.registry, strings.NewReader(figures+strings.Join(lines, "\n")+"\n"), "leadmux_webhooks_pending"); err != nil {
		t.Error(err)
	}
}

// TestTheFiguresOfWebhooksAreTold: what was tried, what was settled, and how long the oldest has waited.
func TestTheFiguresOfWebhooksAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newReceiver(t, "")
	c.set(always(http.StatusInternalServerError))
	sub := r.subscribe(c.URL, hmac)
	id := sub.Public.GetSubscriptionId()
	// told says whether the figures are these, by name and labels.
	told := func(want string) func() bool {
		return func() bool {
			families, err := r.registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, family := range families {
				for _, m := range family.GetMetric() {
					var labels []string
					for _, l := range m.GetLabel() {
						labels = append(labels, strings.ReplaceAll(l.GetValue(), id, "sub"))
					}
					lines = append(lines, fmt.Sprintf("%s %s %v", strings.TrimPrefix(family.GetName(), "leadmux_webhooks_"),
						strings.Join(labels, ","), m.GetCounter().GetValue()+m.GetGauge().GetValue()))
				}
			}
			return strings.Join(lines, "; ") == want
		}
	}
	r.start()
	r.happen("")
	r.quiet(sub, 1)
	r.advance(r.clock().Add(3 * time.Second)) // too soon for the next attempt
	r.until("the failure is told", told("attempts_total failed,sub 1; oldest_pending_seconds sub 3; pending sub 1"))
	c.set(always(http.StatusOK))
	r.advance(r.line(sub).NextDue, id)
	r.until("the success is told", told("attempts_total delivered,sub 1; attempts_total failed,sub 1; deliveries_total delivered,sub 1; "+
		"oldest_pending_seconds sub 0; pending sub 0"))
}

// TestOnlyWhatPassesTheFiltersIsSent, and the place moves past the rest.
func TestOnlyWhatPassesTheFiltersIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lead, other := typeid.New(typeid.Lead), typeid.New(typeid.Lead)
	c := newReceiver(t, "")
	sub := r.subscribe(c.URL, hmac, func(s *leadmuxv1.Subscription) {
		s.Types, s.Accounts, s.LeadId = []string{"lead.message"}, []string{"west"}, lead
	})
	var want string
	r.update(func(tx idmap.Tx) error {
		for _, id := range []string{lead, other} {
			if err := tx.PutLead(tenant, &leadmuxv1.Lead{LeadId: id}); err != nil {
				return err
			}
		}
		for _, e := range []*leadmuxv1.Event{
			{Type: "lead.message", Account: "west", LeadId: other}, {Type: "lead.message", Account: "east", LeadId: lead},
			{Type: "lead.message", Account: "west", LeadId: lead}, {Type: "lead.note", Account: "west", LeadId: lead},
		} {
			e.EventId, e.ReceiveTime = typeid.New(typeid.Event), timestamppb.New(r.clock())
			if err := tx.AppendEvent(tenant, e); err != nil {
				return err
			}
			if e.GetLeadId() == lead && e.GetAccount() == "west" && e.GetType() == "lead.message" {
				want = e.GetEventId()
			}
		}
		return nil
	})
	r.start()
	r.quiet(sub, 1)
	r.until("it is taken", func() bool { return len(c.got()) == 1 })
	if got := c.got(); !slices.Equal(got, []string{want}) {
		t.Errorf("%v came, not %s", got, want)
	}
}

// TestADroppedSubscriptionLeavesNothing, also when the service stops before all is removed.
func TestADroppedSubscriptionLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newReceiver(t, "")
	c.set(always(http.StatusInternalServerError))
	sub := r.subscribe(c.URL, hmac)
	r.start()
	r.happen(repeat("", 20)...)
	r.quiet(sub, 20)
	r.stop()
	r.update(func(tx idmap.Tx) error { return tx.DropSubscription(tenant, sub.Public.GetSubscriptionId()) })
	r.start()
	r.until("nothing is left", func() bool {
		report, err := r.store.Verify(t.Context())
		if err != nil || len(report.Problems) > 0 {
			t.Fatal(report.Problems, err)
		}
		var dropped []string
		r.view(func(read idmap.Reader) (err error) { dropped, err = read.DroppedSubscriptions(tenant); return err })
		return report.Outgoing == 0 && report.Subscriptions == 0 && len(dropped) == 0
	})
}

// TestEventsThatAreGoneAreToldOf: one that was paused for longer than events are kept goes on with the oldest, and says so.
func TestEventsThatAreGoneAreToldOf(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newReceiver(t, "")
	sub := r.subscribe(c.URL, hmac)
	r.happen(repeat("", 5)...)
	r.advance(r.clock().Add(time.Hour))
	kept := r.happen("")
	r.update(func(tx idmap.Tx) error { _, err := tx.TrimEvents(tenant, r.clock(), 99); return err })
	r.start()
	r.until("the one that is kept is taken", func() bool { return slices.Equal(c.got(), kept) })
	r.view(func(read idmap.Reader) error {
		progress, err := read.Progress(tenant, sub.Public.GetSubscriptionId())
		if !progress.MissedTime.Equal(r.clock()) {
			t.Errorf("missed at %s", progress.MissedTime)
		}
		return err
	})
}
