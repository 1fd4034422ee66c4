package service_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

func TestAccountsThatALeadGoesTo(t *testing.T) {
	for name, c := range map[string]struct {
		tenant  string
		allowed []string
		named   []string
		want    string // accounts, or the reason of the refusal
		fields  []string
	}{
		"the default ones":                 {"default", nil, nil, "support west", nil},
		"those named":                      {"default", nil, []string{"west", "east"}, "east west", nil},
		"the default ones that one may":    {"default", []string{"west", "east"}, nil, "west", nil},
		"those named that one may":         {"default", []string{"east"}, []string{"east"}, "east", nil},
		"a default one that one may not":   {"default", []string{"east"}, []string{"west"}, "ACCOUNT_NOT_ALLOWED", []string{"accounts[0]"}},
		"one of two that one may not":      {"default", []string{"east"}, []string{"east", "west"}, "ACCOUNT_NOT_ALLOWED", []string{"accounts[1]"}},
		"no default one that one may":      {"default", []string{"east"}, nil, "NO_ACCOUNT", []string{"accounts"}},
		"no default one at all":            {"mutes", nil, nil, "NO_ACCOUNT", []string{"accounts"}},
		"one that is not there":            {"default", nil, []string{"west", "nowhere"}, "ACCOUNT_NOT_FOUND", []string{"accounts[1]"}},
		"another tenant's":                 {"default", nil, []string{"theirs"}, "ACCOUNT_NOT_FOUND", []string{"accounts[0]"}},
		"another tenant's though allowed":  {"default", []string{"theirs"}, []string{"theirs"}, "ACCOUNT_NOT_FOUND", []string{"accounts[0]"}},
		"a tenant that has no account yet": {"nobody", nil, nil, "NO_ACCOUNT", []string{"accounts"}},
		"the other tenant's own":           {"other", nil, nil, "theirs", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				ctx := caller(t, c.tenant, c.allowed...)
				response, err := r.CreateLead(ctx, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: c.named})
				if c.fields == nil {
					if got := strings.Join(accountsOf(response.GetLead()), " "); err != nil || got != c.want {
						t.Errorf("%q, %v; want %q", got, err, c.want)
					}
					return
				}
				code := codes.InvalidArgument
				if c.want == "ACCOUNT_NOT_ALLOWED" {
					code = codes.PermissionDenied
				}
				got := refused(t, err, code, c.want, c.fields...)
				if c.tenant != "other" && strings.Contains(got.message+got.metadata["accounts"], "theirs") {
					t.Errorf("the refusal tells of another tenant's account: %s %v", got.message, got.metadata)
				}
				if n := r.leads(c.tenant); n != 0 {
					t.Errorf("%d leads", n)
				}
			})
		})
	}
}

func TestARefusedAccountNamesTheOthers(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		some := caller(t, "default", "west", "support")
		_, err := r.CreateLead(some, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"nowhere"}})
		if got := refusalOf(t, err); got.metadata["accounts"] != "support, west" {
			t.Errorf("metadata %v", got.metadata)
		}
	})
}

func TestOptionsForAVendorThatTheLeadDoesNotGoTo(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for field, options := range map[string]*leadmuxv1.VendorOptions{
			"":                          nil,
			" ":                         {},
			"vendor_options.verse":      {Verse: &leadmuxv1.VerseOptions{}},
			"vendor_options.ujet":       {Ujet: &leadmuxv1.UjetOptions{}},
			"vendor_options.conversica": {Conversica: &leadmuxv1.ConversicaOptions{}},
			"vendor_options.convertalk": {Convertalk: &leadmuxv1.ConvertalkOptions{}},
		} {
			for account, vendor := range map[string]string{"west": "vendor_options.verse", "support": "vendor_options.ujet"} {
				_, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
					Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{account}, VendorOptions: options, DuplicatePolicy: allow,
				})
				if strings.TrimSpace(field) == "" || field == vendor {
					if err != nil {
						t.Errorf("%s at %s: %v", field, account, err)
					}
					continue
				}
				refused(t, err, codes.InvalidArgument, "INVALID_FIELD", field)
			}
		}
		synctest.Wait()
	})
}

func TestOptionsReachTheVendor(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		var note string
		r.verse.answer = func(_ context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			note = in.Options.GetVerse().GetAdditionalNote()
			return adapters.LeadResult{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE}, nil
		}
		_, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{Phone: "4155550142"}, Accounts: []string{"west"},
			VendorOptions: &leadmuxv1.VendorOptions{Verse: &leadmuxv1.VerseOptions{AdditionalNote: "call after noon"}},
		})
		if err != nil || note != "call after noon" {
			t.Errorf("the vendor got %q, %v", note, err)
		}
	})
}
