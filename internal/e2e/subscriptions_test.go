package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// logged are all events of the log as ListEvents answers them, by their IDs.
func logged(t *testing.T, c harness.Client) map[string]map[string]any {
	t.Helper()
	var answer struct {
		Events []map[string]any `json:"events"`
	}
	raw := c.Try(t, "EventService.ListEvents", &leadmuxv1.ListEventsRequest{PageSize: 1000}).Body
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]any{}
	for _, event := range answer.Events {
		id, _ := event["eventId"].(string)
		all[id] = event
	}
	return all
}

// takesAll waits until a receiver has every event of the log, as ListEvents shows it.
func takesAll(t *testing.T, c harness.Client, r *harness.Receiver) {
	t.Helper()
	harness.Eventually(t, settled, "the receiver has the log", func() (string, bool) {
		taken, want := r.Taken(), logged(t, c)
		for id, event := range want {
			if !reflect.DeepEqual(taken[id], event) {
				return fmt.Sprintf("%d of %d; of %s %v", len(taken), len(want), id, taken[id]), false
			}
		}
		return "", len(want) > 0
	})
}

// TestP14WhatHappensIsDelivered follows a subscription through its life: over a kill of the service, an outage, a pause, a rotation of its
// secret and a replay to another endpoint.
func TestP14WhatHappensIsDelivered(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			subscriptionLife(t, via)
		})
	}
}

func subscriptionLife(t *testing.T, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	c := env.Server.Client(via)
	happen := func(n int) {
		t.Helper()
		c.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(n), Accounts: []string{harness.Convertalk}})
	}
	receiver, other := harness.NewReceiver(t), harness.NewReceiver(t)
	sub := receiver.Subscribe(t, c, &leadmuxv1.CreateSubscriptionRequest{})
	other.Subscribe(t, c.As(harness.KeyOther), &leadmuxv1.CreateSubscriptionRequest{FromStart: true})
	happen(0)
	takesAll(t, c, receiver)

	var tested leadmuxv1.TestSubscriptionResponse
	c.Must(t, "SubscriptionService.TestSubscription", &leadmuxv1.TestSubscriptionRequest{SubscriptionId: sub.GetSubscriptionId()}, &tested)
	if !tested.GetDelivered() || tested.GetAttempt().GetStatus() != http.StatusOK || receiver.Times(tested.GetEventId()) != 1 {
		t.Errorf("a test is answered %v", &tested)
	}

	receiver.Answer(http.StatusInternalServerError)
	happen(1)
	harness.Eventually(t, settled, "an attempt has failed", func() (int, bool) {
		failed := deliveries(t, c, &leadmuxv1.ListDeliveriesRequest{SubscriptionId: sub.GetSubscriptionId(), State: leadmuxv1.WebhookDeliveryState_WEBHOOK_DELIVERY_STATE_PENDING})
		return len(failed), slices.ContainsFunc(failed, func(d *leadmuxv1.WebhookDelivery) bool {
			return len(d.GetAttempts()) > 0 && d.GetAttempts()[0].GetError() == "the endpoint answered HTTP 500"
		})
	})
	env.Server.Restart(t)
	receiver.Answer(0)
	takesAll(t, c, receiver) // the second attempt comes after 5 s

	state := func(to leadmuxv1.SubscriptionState) *leadmuxv1.Subscription {
		t.Helper()
		var answer leadmuxv1.UpdateSubscriptionResponse
		c.Must(t, "SubscriptionService.UpdateSubscription", &leadmuxv1.UpdateSubscriptionRequest{
			Subscription: &leadmuxv1.Subscription{SubscriptionId: sub.GetSubscriptionId(), State: to}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
		}, &answer)
		return answer.GetSubscription()
	}
	state(leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_DISABLED)
	before := len(receiver.Taken())
	happen(2)
	var rotated leadmuxv1.RotateSubscriptionSecretResponse
	c.Must(t, "SubscriptionService.RotateSubscriptionSecret", &leadmuxv1.RotateSubscriptionSecretRequest{
		SubscriptionId: sub.GetSubscriptionId(), Overlap: durationpb.New(0),
	}, &rotated)
	receiver.Trust(t, rotated.GetSecret())
	if n := len(receiver.Taken()); n != before {
		t.Errorf("a paused subscription was sent %d events", n-before)
	}
	state(leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_ACTIVE)
	takesAll(t, c, receiver)
	replayElsewhere(t, c, sub)
	if n := len(other.Taken()); n > 0 {
		t.Errorf("another tenant was sent %d events", n)
	}
}

func deliveries(t *testing.T, c harness.Client, in *leadmuxv1.ListDeliveriesRequest) []*leadmuxv1.WebhookDelivery {
	t.Helper()
	var answer leadmuxv1.ListDeliveriesResponse
	c.Must(t, "SubscriptionService.ListDeliveries", in, &answer)
	return answer.GetDeliveries()
}

// replayElsewhere makes a new subscription, which begins now, and replays the whole log to it, a few events at a time.
func replayElsewhere(t *testing.T, c harness.Client, sub *leadmuxv1.Subscription) {
	t.Helper()
	late := harness.NewReceiver(t)
	to := late.Subscribe(t, c, &leadmuxv1.CreateSubscriptionRequest{})
	in := &leadmuxv1.ReplayDeliveriesRequest{
		SubscriptionId: sub.GetSubscriptionId(), ToSubscriptionId: to.GetSubscriptionId(), Range: &leadmuxv1.ReplayRange{Until: to.GetCursor()}, PageSize: 2,
	}
	pages, replayed := 0, 0
	for more := true; more; more = in.GetPageToken() != "" {
		var answer leadmuxv1.ReplayDeliveriesResponse
		c.Must(t, "SubscriptionService.ReplayDeliveries", in, &answer)
		in.PageToken = answer.GetNextPageToken()
		pages++
		replayed += int(answer.GetReplayed())
	}
	takesAll(t, c, late)
	if want := len(logged(t, c)); replayed != want || pages < want/2 {
		t.Errorf("%d of %d events were replayed in %d calls", replayed, want, pages)
	}
	for _, nothing := range []*leadmuxv1.ReplayRange{
		{ToTime: timestamppb.New(time.Now().Add(-time.Hour))}, {FromTime: timestamppb.New(time.Now().Add(2 * time.Hour))},
	} {
		in.Range = nothing
		var answer leadmuxv1.ReplayDeliveriesResponse
		if c.Must(t, "SubscriptionService.ReplayDeliveries", in, &answer); answer.GetReplayed() != 0 {
			t.Errorf("%d events were replayed of %v", answer.GetReplayed(), nothing)
		}
	}
	var gone leadmuxv1.DeleteSubscriptionResponse
	c.Must(t, "SubscriptionService.DeleteSubscription", &leadmuxv1.DeleteSubscriptionRequest{SubscriptionId: to.GetSubscriptionId()}, &gone)
}
