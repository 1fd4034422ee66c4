package service_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// link is LinkLead.
func (r *rig) link(id, account, vendorLeadID string) (*leadmuxv1.Lead, error) {
	r.t.Helper()
	got, err := r.LinkLead(r.full, &leadmuxv1.LinkLeadRequest{LeadId: id, Account: account, VendorLeadId: vendorLeadID})
	return got.GetLead(), err
}

// unlink is UnlinkLead.
func (r *rig) unlink(id, account string) (*leadmuxv1.Lead, error) {
	r.t.Helper()
	got, err := r.UnlinkLead(r.full, &leadmuxv1.UnlinkLeadRequest{LeadId: id, Account: account})
	return got.GetLead(), err
}

func TestLinkTiesAVendorsLead(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "plain").GetLeadId()
		got, err := r.link(id, "all", "theirs-7")
		if err != nil || stateAt(got, "all") != "ACTIVE" || delivery.Engagement(got, "all").GetVendorLeadId() != "theirs-7" || r.all.seen() != 0 {
			t.Fatalf("%v, %v", got, err)
		}
		equal(t, "accounts", accountsOf(got), []string{"all", "plain"})
		if r.lookup("all", "theirs-7") != id {
			t.Error("the vendor ID leads nowhere")
		}
		r.updated(&leadmuxv1.Lead{LeadId: id, FirstName: "Grace"})
		if call := r.all.last(); call.rpc != "UpdateLead" || call.in.Engagement.GetVendorLeadId() != "theirs-7" {
			t.Errorf("the vendor had %v", call)
		}
		if kinds := r.events("full"); kinds[2] != "lead.engagement_changed" {
			t.Errorf("events %v", kinds)
		}
		r.sound()
	})
}

func TestLinkByStateOfTheEngagement(t *testing.T) {
	for name, c := range map[string]struct {
		state  string
		has    string // the vendor ID it has
		reason string
		closed int
	}{
		"the same ID again":        {"ACTIVE", "theirs-7", "", 0},
		"another ID":               {"ACTIVE", "theirs-8", "ENGAGEMENT_OPEN", 0},
		"an ID that was pending":   {"ACTIVE", "", "", 0},
		"one that waits":           {"QUEUED", "", "ENGAGEMENT_OPEN", 0},
		"one under way":            {"SENDING", "", "ENGAGEMENT_OPEN", 0},
		"one in doubt":             {"IN_DOUBT", "", "ENGAGEMENT_OPEN", 0},
		"one that ended":           {"ENDED", "theirs-8", "", 1},
		"one that ended, same ID":  {"QUALIFIED", "theirs-7", "", 1},
		"one that was refused":     {"REJECTED", "", "", 1},
		"one who must not be told": {"OPTED_OUT", "theirs-8", "LEAD_OPTED_OUT", 0},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				id := r.give(ada1(), "all").GetLeadId()
				if _, err := r.unlink(id, "all"); err != nil {
					t.Fatal(err)
				}
				r.put(id, func(lead *leadmuxv1.Lead) {
					account, _ := r.set.Get("full", "all")
					e := delivery.OpenEngagement(lead, account, time.Now())
					e.VendorLeadId, e.State = c.has, leadmuxv1.EngagementState(leadmuxv1.EngagementState_value["ENGAGEMENT_STATE_"+c.state])
					e.Warnings = []*leadmuxv1.Warning{{Code: "VENDOR_ID_PENDING"}, {Code: "FIELD_CLIPPED"}}
				})
				got, err := r.link(id, "all", "theirs-7")
				if c.reason != "" {
					code := codes.AlreadyExists
					if c.reason == "LEAD_OPTED_OUT" {
						code = codes.FailedPrecondition
					}
					refused(t, err, code, c.reason)
					if r.lookup("all", "theirs-7") != "" {
						t.Error("the vendor ID is bound")
					}
					return
				}
				if err != nil || stateAt(got, "all") != "ACTIVE" {
					t.Fatalf("%v, %v", got, err)
				}
				e := got.GetEngagements()[0]
				if e.GetVendorLeadId() != "theirs-7" || len(e.GetClosed()) != c.closed || c.has == "" && c.closed == 0 && codesAt(got, "all") != "FIELD_CLIPPED" {
					t.Errorf("%v", e)
				}
			})
		})
	}
}

func TestAVendorsLeadIsTiedToOneLeadOnly(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		first, second := r.give(ada1(), "all").GetLeadId(), r.give(ada1(), "plain").GetLeadId()
		r.nothingNew(func() {
			_, err := r.link(second, "all", "v-"+first)
			if got := refused(t, err, codes.AlreadyExists, "VENDOR_ID_TAKEN", "vendor_lead_id"); got.metadata["lead_id"] != first {
				t.Errorf("metadata %v", got.metadata)
			}
			_, err = r.link(second, "theirs", "x")
			refused(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
			_, err = r.LinkLead(caller(t, "full", "bot"), &leadmuxv1.LinkLeadRequest{LeadId: second, Account: "all", VendorLeadId: "x"})
			refused(t, err, codes.PermissionDenied, "ACCOUNT_NOT_ALLOWED")
			_, err = r.link("lead_00000000000000000000000000", "all", "x")
			refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		})
		if _, err := r.link(second, "bot", "v-"+first); err != nil {
			t.Errorf("at another account it is another lead's: %v", err)
		}
		if _, err := r.unlink(first, "all"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.link(second, "all", "v-"+first); err != nil {
			t.Errorf("once unlinked it is free: %v", err)
		}
		r.sound()
	})
}

func TestARepeatedLinkIsMadeOnce(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "plain").GetLeadId()
		request := &leadmuxv1.LinkLeadRequest{LeadId: id, Account: "all", VendorLeadId: "7", RequestId: "req-1"}
		if _, err := r.LinkLead(r.full, request); err != nil {
			t.Fatal(err)
		}
		if _, err := r.UnlinkLead(r.full, &leadmuxv1.UnlinkLeadRequest{LeadId: id, Account: "all", RequestId: "req-1"}); err != nil {
			t.Fatal(err)
		}
		r.nothingNew(func() {
			got, err := r.LinkLead(r.full, request)
			if err != nil || stateAt(got.GetLead(), "all") != "nowhere" {
				t.Errorf("%v, %v", got, err)
			}
			if _, err := r.UnlinkLead(r.full, &leadmuxv1.UnlinkLeadRequest{LeadId: id, Account: "all", RequestId: "req-1"}); err != nil {
				t.Error(err)
			}
			request.VendorLeadId = "8"
			_, err = r.LinkLead(r.full, request)
			refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
		})
	})
}

func TestUnlinkForgetsTheEngagementWithAllItsVendorIDs(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.all.on = map[string]answer{"CreateLead": as("first", "second")}
		id := r.give(ada1(), "all", "bot").GetLeadId()
		r.standing(id, "all", leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED)
		if _, err := r.engage(id, "all"); err != nil {
			t.Fatal(err)
		}
		got, err := r.unlink(id, "all")
		if err != nil || stateAt(got, "all") != "nowhere" || stateAt(got, "bot") != "ACTIVE" {
			t.Errorf("%v, %v", got, err)
		}
		if r.lookup("all", "first")+r.lookup("all", "second") != "" || r.lookup("bot", "v-"+id) != id {
			t.Error("the wrong vendor IDs were forgotten")
		}
		_, err = r.unlink(id, "all")
		refused(t, err, codes.FailedPrecondition, "ENGAGEMENT_NOT_OPEN")
		if got, err := r.engage(id, "all"); err != nil || len(delivery.Engagement(got, "all").GetClosed()) != 0 {
			t.Errorf("%v, %v", got, err)
		}
		r.sound()
	})
}

func TestUnlinkWaitsForWhatIsUnderWay(t *testing.T) {
	for name, prepare := range map[string]func(r *rig){
		"an attempt under way": func(r *rig) { r.all.answer = late(10*time.Second, took) },
		"one that waits":       func(r *rig) { r.all.answer = fails(adapters.KindUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				prepare(r)
				got, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{Lead: ada1(), Accounts: []string{"all"}, Wait: seconds(0)})
				if err != nil {
					t.Fatal(err)
				}
				id := got.GetLead().GetLeadId()
				synctest.Wait()
				r.nothingNew(func() {
					_, err := r.unlink(id, "all")
					refused(t, err, codes.FailedPrecondition, "ENGAGEMENT_BUSY")
				})
				r.all.mu.Lock()
				r.all.answer = nil
				r.all.mu.Unlock()
				<-time.After(5 * time.Hour)
				synctest.Wait()
				if _, err := r.unlink(id, "all"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// An engagement in doubt can be forgotten: what waits behind it would never be let go.
func TestUnlinkEndsADoubt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.all.class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE
		r.all.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
			return adapters.LeadResult{}, &adapters.Error{Vendor: "conversica", Kind: adapters.KindTimeout, Ambiguous: true}
		}
		id := r.give(ada1(), "all").GetLeadId()
		if got, err := r.end(id); err != nil || stateAt(got, "all") != "IN_DOUBT" {
			t.Fatalf("%v, %v", got, err)
		}
		if got, err := r.unlink(id, "all"); err != nil || stateAt(got, "all") != "nowhere" {
			t.Fatalf("%v, %v", got, err)
		}
		err := r.store.View(t.Context(), func(index idmap.Reader) error {
			open, err := index.OpenOperations("full", id, "all")
			if len(open) != 0 {
				t.Errorf("still open: %v", open)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.all.answer = nil
		if got, err := r.engage(id, "all"); err != nil || stateAt(got, "all") != "ACTIVE" {
			t.Errorf("%v, %v", got, err)
		}
		r.sound()
	})
}

func TestLookupAsksTheVendorAboutAnIDThatIsPending(t *testing.T) {
	for name, c := range map[string]struct {
		owner  string // "ours": the lead
		err    error
		found  bool
		reason string
	}{
		"ours":              {"ours", nil, true, ""},
		"nobody's":          {"", nil, false, "LEAD_NOT_FOUND"},
		"another service's": {"lead_00000000000000000000000000", nil, false, "LEAD_NOT_FOUND"},
		"of another lead":   {"engaged elsewhere", nil, false, "LEAD_NOT_FOUND"},
		"vendor down":       {"", &adapters.Error{Vendor: "ujet", Kind: adapters.KindUnavailable}, false, "VENDOR_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				r.desk.answer = func(context.Context, adapters.LeadInput) (adapters.LeadResult, error) {
					return adapters.LeadResult{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, Warnings: []*leadmuxv1.Warning{{Code: "VENDOR_ID_PENDING"}}}, nil
				}
				id := r.give(ada1(), "desk").GetLeadId()
				r.desk.owner, r.desk.err = c.owner, c.err
				switch c.owner {
				case "ours":
					r.desk.owner = id
				case "engaged elsewhere":
					r.desk.owner = r.give(ada1(), "all").GetLeadId()
				}
				got, err := r.LookupLead(r.full, &leadmuxv1.LookupLeadRequest{Account: "desk", VendorLeadId: "77"})
				if !c.found {
					if refusalOf(t, err).reason != c.reason {
						t.Errorf("%v", err)
					}
					return
				}
				if err != nil || got.GetLead().GetLeadId() != id || codesAt(got.GetLead(), "desk") != "" || got.GetLead().GetEngagements()[0].GetVendorLeadId() != "77" {
					t.Errorf("%v, %v", got, err)
				}
				r.desk.owner = ""
				if r.lookup("desk", "77") != id {
					t.Error("it was not kept")
				}
				r.sound()
			})
		})
	}
}
