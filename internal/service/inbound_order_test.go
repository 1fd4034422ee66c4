package service_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// histories are conversations, told in deliveries of the vendors' documents in the order in which things happened.
var histories = map[string]struct {
	vendor string
	files  []string
}{
	"qualified at Verse": {"verse", []string{
		"lead_created", "outbound_sms", "inbound_sms", "outbound_email", "inbound_email", "outbound_call", "inbound_call", "activity_log",
		"transfer_attempt", "transfer_unsuccessful", "call_forwarded", "transfer_successful", "qualified", "concierge_note",
	}},
	"unqualified at Verse":     {"verse", []string{"lead_created", "outbound_sms", "unqualified", "concierge_note"}},
	"opted out at Verse":       {"verse", []string{"lead_created", "outbound_sms", "inbound_sms", "unqualified_opt_out", "unknown_title"}},
	"qualified at Conversica":  {"conversica", []string{"sample_first_message", "sample_sent", "sample_received", "sample_hot_lead"}},
	"opted out at Conversica":  {"conversica", []string{"sample_first_message", "sample_sent", "sample_received", "sample_stopped"}},
	"listening at Conversica":  {"conversica", []string{"sample_first_message", "sample_sent", "lead_listening"}},
	"left out at Conversica":   {"conversica", []string{"sample_first_message", "lead_unworkable"}},
	"reviewed at Conversica":   {"conversica", []string{"sample_first_message", "sample_received", "lead_further_action", "lead_disqualified"}},
	"two answers at Verse":     {"verse", []string{"lead_created", "inbound_sms", "outbound_sms", "inbound_sms", "outbound_sms"}},
	"two answers, Conversica":  {"conversica", []string{"sample_sent", "sample_received", "sample_sent", "sample_received"}},
	"nothing is said at Verse": {"verse", []string{"lead_created"}},
}

// orders says in how many orders each conversation is told; `make soak` has 500.
var orders = flag.Int("orders", 12, "orders of TestP11EveryOrderOfDeliveriesTellsOneStory")

// readers are the real readers of what the vendors send.
func readers(t *testing.T) map[string]adapters.WebhookReader {
	t.Helper()
	v, err := verse.New(verse.Config{Account: "west", APIKey: "k", WebhookBearer: "b", OptOutReasons: []string{"Do Not Contact"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := conversica.New(conversica.Config{Account: "west", Username: "u", Password: "p", WebhookPassword: "q"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]adapters.WebhookReader{"verse": v, "conversica": c}
}

// delivered is one delivery.
type delivered struct {
	kind string
	raw  []byte
}

// deliveryOf is the delivery of a fixture about a lead, as if it had happened at a moment.
func deliveryOf(t *testing.T, vendor, file string, lead *leadmuxv1.Lead, at time.Time) delivered {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "adapters", vendor, "testdata", "webhooks", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		Kind string
		Body map[string]any
	}
	if err := json.Unmarshal(text, &fixture); err != nil {
		t.Fatal(err)
	}
	for key := range fixture.Body {
		switch {
		case key == "eventDate":
			fixture.Body[key] = at.UTC().Format(time.DateTime)
		case strings.HasSuffix(strings.ToLower(key), "date"):
			fixture.Body[key] = at.UTC().Format(time.RFC3339)
		case key == "externalLeadId":
			fixture.Body[key] = lead.GetLeadId()
		case key == "id":
			fixture.Body[key] = delivery.Engagement(lead, "west").GetVendorLeadId()
		}
	}
	raw, err := json.Marshal(fixture.Body)
	if err != nil {
		t.Fatal(err)
	}
	return delivered{fixture.Kind, raw}
}

// TestP11EveryOrderOfDeliveriesTellsOneStory sends every conversation as it happened, then each of its deliveries one to five times in a
// random order: the same events come of it, and the lead stands where it stood.
func TestP11EveryOrderOfDeliveriesTellsOneStory(t *testing.T) {
	t.Parallel()
	for name, history := range histories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want string
			for seed := range uint64(*orders) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(seed, 11))
					got := told(t, history.vendor, history.files, func(all []delivered) (sent []delivered) {
						if seed == 0 {
							return all
						}
						for _, d := range all {
							sent = append(sent, slices.Repeat([]delivered{d}, 1+random.IntN(5))...)
						}
						random.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
						return sent
					})
					if seed == 0 {
						want = got
					} else if got != want {
						t.Errorf("with seed %d it tells\n%s\nand in the order in which it happened\n%s", seed, got, want)
					}
				})
			}
		})
	}
}

// told is what comes of a history, sent in some way: the events by when they happened, and how the lead stands.
func told(t *testing.T, vendor string, files []string, sent func([]delivered) []delivered) string {
	t.Helper()
	r, reader := newRig(t, nil), readers(t)[vendor]
	if vendor == "conversica" {
		r.verse.answer = func(_ context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return adapters.LeadResult{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, VendorLeadID: in.Lead.GetLeadId()}, nil
		}
	}
	lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
	pass(time.Hour)
	var all []delivered
	begun := time.Now().Add(-30 * time.Minute)
	for i, file := range files {
		all = append(all, deliveryOf(t, vendor, file, lead, begun.Add(time.Duration(i)*time.Minute)))
	}
	account, _ := r.set.Get("default", "west")
	for _, d := range sent(all) {
		hook, _ := reader.Webhook(d.kind)
		if err := r.Receive(context.Background(), account, d.kind, d.raw, hook.Read(d.raw)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		pass(time.Second)
	}
	return r.outcome(lead.GetLeadId())
}

// outcome is how a lead stands, and what was told of it by when it happened.
func (r *rig) outcome(leadID string) string {
	r.t.Helper()
	lead := r.lead(leadID)
	e := lead.GetEngagements()[0]
	lines := []string{
		fmt.Sprint(lead.GetPhone(), lead.GetHomePhone(), lead.GetWorkPhone(), lead.GetEmail(), lead.GetConsent().GetSms().GetState()),
		fmt.Sprint(stateAt(lead, "west"), " ", e.GetVendorStatus(), " ", e.GetOutcome(), " ", e.GetVendorUpdateTime().AsTime().Format(time.TimeOnly)),
	}
	for _, flag := range e.GetFlags() {
		lines = append(lines, fmt.Sprint(flag.GetKind(), flag.GetRaised(), flag.GetTime().AsTime().Format(time.TimeOnly)))
	}
	slices.Sort(lines[2:])
	var happened []string
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		events, err := index.Events("default", "", 1000)
		for _, event := range events {
			if event.GetDeliveryId() != "" {
				what := []any{event.GetVendorTime().AsTime().Format(time.TimeOnly), event.GetType(), event.GetEngagementChanged().GetVendorStatus()}
				happened = append(happened, fmt.Sprint(append(what, event.GetMessage(), event.GetNote(), event.GetAnswers(), event.GetFlag(), event.GetOther())...))
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(happened)
	return strings.Join(append(lines, happened...), "\n")
}
