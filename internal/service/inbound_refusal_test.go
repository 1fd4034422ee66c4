package service_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// refusals are the ways in which a person says no at a vendor, as the vendor tells it, and what is blocked by each.
var refusals = []struct {
	vendor, file string
	change       [2]string // of the delivery's text
	blocks       string
}{
	{"verse", "unqualified_opt_out", [2]string{}, "ALL"},
	{"verse", "unqualified", [2]string{}, ""},
	{"verse", "inbound_sms", [2]string{"Yes, tomorrow at ten", "stop"}, "ALL"},
	{"verse", "inbound_sms", [2]string{"Yes, tomorrow at ten", "Do not stop by"}, ""},
	{"verse", "outbound_sms", [2]string{"Hello Grace, when may we call?", "STOP"}, ""},
	{"conversica", "sample_stopped", [2]string{}, "ALL"},
	{"conversica", "sample_stopped", [2]string{"Lead Stopped", "Messaging"}, "EMAIL SMS"},
	{"conversica", "message_text_stop", [2]string{}, "ALL"},
	{"conversica", "sample_received", [2]string{"Yes please, Friday after 2.\\nM.", "STOP."}, "ALL"},
	{"conversica", "lead_left_company", [2]string{}, ""},
	{"conversica", "lead_opt_in", [2]string{}, ""},
}

// TestP10EachVendorsRefusalHoldsEverywhere: what a person says to one vendor is in effect at the others with the delivery.
func TestP10EachVendorsRefusalHoldsEverywhere(t *testing.T) {
	t.Parallel()
	for _, refusal := range refusals {
		t.Run(fmt.Sprint(refusal.vendor, " ", refusal.file, " ", refusal.change), func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				ours := &leadmuxv1.Lead{Phone: "4155550142", Email: "ada@example.com"}
				r.verse.answer = func(_ context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
					return adapters.LeadResult{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, VendorLeadID: in.Lead.GetLeadId()}, nil
				}
				created, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{Lead: ours, Accounts: []string{"west", "support"}})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				d := deliveryOf(t, refusal.vendor, refusal.file, r.lead(created.GetLead().GetLeadId()), time.Now())
				if was := []byte(refusal.change[0]); len(was) > 0 && !bytes.Contains(d.raw, was) {
					t.Fatalf("%q is not in %s", was, d.raw)
				} else if len(was) > 0 {
					d.raw = bytes.ReplaceAll(d.raw, was, []byte(refusal.change[1]))
				}
				account, _ := r.set.Get("default", "west")
				hook, _ := readers(t)[refusal.vendor].Webhook(d.kind)
				if err := r.Receive(context.Background(), account, d.kind, d.raw, hook.Read(d.raw)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				lead := r.lead(created.GetLead().GetLeadId())
				if got := r.blocked(lead); got != refusal.blocks {
					t.Errorf("blocked is %q, want %q", got, refusal.blocks)
				}
				if state := stateAt(lead, "support"); (state == "OPTED_OUT") != (refusal.blocks != "") { // it cannot be kept to some channels
					t.Errorf("elsewhere it is %s", state)
				}
			})
		})
	}
}

// TestP10ARefusalInAnEarlierConversationCounts: the person answers the old one after a new one has begun, or after the lead was unlinked.
func TestP10ARefusalInAnEarlierConversationCounts(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		conversations := 0
		r.verse.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
			conversations++
			return adapters.LeadResult{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, VendorLeadID: fmt.Sprint("verse-", conversations)}, nil
		}
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		old := lead.GetEngagements()[0].GetVendorLeadId()
		r.receive(says("end", old, time.Now(), state(qualified)))
		if _, err := r.EngageLead(r.ctx, &leadmuxv1.EngageLeadRequest{LeadId: lead.GetLeadId(), Accounts: []string{"west"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if now := r.lead(lead.GetLeadId()).GetEngagements()[0].GetVendorLeadId(); now == old {
			t.Fatalf("the new conversation is the old one, %s", now)
		}
		r.receive(says("no", old, time.Now(), wrote("STOP")))
		if lead = r.lead(lead.GetLeadId()); stateAt(lead, "west") != "OPTED_OUT" || r.blocked(lead) != "ALL" {
			t.Errorf("it is %s, blocked %q", stateAt(lead, "west"), r.blocked(lead))
		}
	})
}

// blocked are the channels on which a lead must not be contacted anywhere.
func (r *rig) blocked(lead *leadmuxv1.Lead) string {
	r.t.Helper()
	var channels []string
	err := r.store.View(context.Background(), func(index idmap.Reader) error {
		found, err := delivery.AllSuppressed(index, "default", delivery.PersonOf(lead), "", leadmuxv1.ContactChannel_CONTACT_CHANNEL_UNSPECIFIED)
		for _, s := range found {
			for _, channel := range s.GetBlocked() {
				channels = append(channels, strings.TrimPrefix(channel.String(), "CONTACT_CHANNEL_"))
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(channels)
	return strings.Join(slices.Compact(channels), " ")
}

// TestP13WhatNobodyKnowsIsKeptAndCounted: a title that the vendor never had, and a body that is none.
func TestP13WhatNobodyKnowsIsKeptAndCounted(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		account, _ := r.set.Get("default", "west")
		hook, _ := readers(t)["verse"].Webhook("")
		before := len(r.log())
		for _, raw := range [][]byte{deliveryOf(t, "verse", "unknown_title", lead, time.Now()).raw, []byte("no JSON")} {
			if err := r.Receive(context.Background(), account, "", raw, hook.Read(raw)); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, "events", r.log()[before:], []string{"vendor.other", "vendor.other unattributed"})
		equal(t, "drift", r.drift, []string{"verse title", "verse body"})
	})
}
