package boltmap

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// subscribed stores a subscription with a delivery that waits, then does harm.
func subscribed(do func(w writer) error) func(writer, string, string) error {
	return func(w writer, first, _ string) error {
		sub := idmap.Subscription{
			Public: &leadmuxv1.Subscription{SubscriptionId: "sub_1", Url: "https://hooks.example.com/canary-url"},
			Keys:   []idmap.SigningKey{{Secret: "canary-secret"}},
		}
		return errors.Join(w.PutSubscription("acme", sub), w.PutProgress("acme", "sub_1", idmap.Progress{Place: cursor(0)}),
			w.PutOutgoing("acme", &leadmuxv1.WebhookDelivery{
				DeliveryId: "dlv_1", SubscriptionId: "sub_1", EventId: "evt_1", EventCursor: cursor(1), Subject: first, State: outPending,
				NextAttemptTime: timestamppb.New(epochs), CreateTime: timestamppb.New(epochs),
			}), do(w))
	}
}

func dropOutRow(kind byte) func(w writer) error {
	return func(w writer) error {
		return w.delete("acme", outgoingRowsBucket, firstWith(w.bucket("acme", outgoingRowsBucket), []byte{kind}))
	}
}

var outgoingHarms = []harm{
	{"subscription changed", subscribed(func(w writer) error {
		value := append([]byte(nil), w.get("acme", subscriptionsBucket, subscriptionRow(contentRow, "sub_1"))...)
		value[len(value)/2] ^= 1
		return w.put("acme", subscriptionsBucket, subscriptionRow(contentRow, "sub_1"), value)
	}), []string{"subscription sub_1 is damaged"}},
	{"subscription lost", subscribed(func(w writer) error {
		return w.delete("acme", subscriptionsBucket, subscriptionRow(contentRow, "sub_1"))
	}), []string{"delivery dlv_1 belongs to subscription sub_1, which is not there", "subscription sub_1, which is not there, has a place"}},
	{"progress lost", subscribed(func(w writer) error {
		return w.delete("acme", subscriptionsBucket, subscriptionRow(progressRow, "sub_1"))
	}), []string{"it is not known how far subscription sub_1 is"}},
	{"place lost", subscribed(func(w writer) error {
		return w.PutProgress("acme", "sub_1", idmap.Progress{})
	}), []string{"subscription sub_1 stands at no place of the log"}},
	{"delivery lost", subscribed(func(w writer) error {
		return w.delete("acme", outgoingBucket, outgoingKey("sub_1", "dlv_1"))
	}), []string{"leads to none that has it"}},
	{"delivery damaged", subscribed(func(w writer) error {
		return w.put("acme", outgoingBucket, outgoingKey("sub_1", "dlv_1"), []byte{7})
	}), []string{"a delivery of subscription sub_1 is damaged"}},
	{"delivery moved", subscribed(func(w writer) error {
		return w.put("acme", outgoingBucket, outgoingKey("sub_1", "dlv_9"), append([]byte(nil), w.get("acme", outgoingBucket, outgoingKey("sub_1", "dlv_1"))...))
	}), []string{"delivery dlv_9 has another ID inside"}},
	{"due row of a delivery lost", subscribed(dropOutRow(outDueRow)), []string{"delivery dlv_1 is missing in a list"}},
	{"age row of a delivery lost", subscribed(dropOutRow(outAgeRow)), []string{"delivery dlv_1 is missing", "has 0 deliveries in line and is said to have 1"}},
	{"subject row of a delivery lost", subscribed(dropOutRow(outSubjectRow)), []string{"delivery dlv_1 is missing in a list"}},
	{"event row of a delivery lost", subscribed(dropOutRow(outEventRow)), []string{"delivery dlv_1 is missing in a list"}},
	{"count of deliveries lost", subscribed(dropOutRow(outCountRow)), []string{"has 1 deliveries in line and is said to have 0"}},
	{"waits for nothing", subscribed(func(w writer) error {
		delivery, err := w.Outgoing("acme", "sub_1", "dlv_1")
		if err != nil {
			return err
		}
		delivery.NextAttemptTime = nil
		return w.PutOutgoing("acme", delivery)
	}), []string{"delivery dlv_1 waits for nothing and would never be sent"}},
}

// TestP24FilesShowNoEndpoint: whoever has a copy of the index, but not the secret, learns neither where events go nor what signs them.
func TestP24FilesShowNoEndpoint(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s := openStore(t, cfg)
	if err := s.Update(t.Context(), func(tx idmap.Tx) error {
		return subscribed(func(writer) error { return nil })(tx.(writer), "lead_1", "")
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{IndexFile, KeysFile} {
		for _, canary := range []string{"canary-url", "canary-secret", "hooks.example.com"} {
			if inFile(t, cfg.Dir, name, []byte(canary)) {
				t.Errorf("%s holds %q", name, canary)
			}
		}
	}
	if !inFile(t, cfg.Dir, IndexFile, []byte("dlv_1")) {
		t.Error("the file does not hold the delivery; the test looks at the wrong place")
	}
}
