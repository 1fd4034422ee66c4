package service_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

func TestAccountsShowTheCallersOwn(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for name, c := range map[string]struct {
			tenant  string
			allowed []string
			want    []string
		}{
			"all of the tenant": {"default", nil, []string{"east", "support", "west"}},
			"those allowed":     {"default", []string{"west", "theirs"}, []string{"west"}},
			"another tenant":    {"other", nil, []string{"theirs"}},
			"nobody":            {"nobody", nil, nil},
		} {
			response, err := r.accounts.ListAccounts(caller(t, c.tenant, c.allowed...), &leadmuxv1.ListAccountsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, account := range response.GetAccounts() {
				names = append(names, account.GetAccount())
				if wantDefault := account.GetAccount() == "west" || account.GetAccount() == "support" || account.GetAccount() == "theirs"; account.GetIsDefault() != wantDefault {
					t.Errorf("%v", account)
				}
			}
			equal(t, name, names, c.want)
		}
		for account, reason := range map[string]string{"theirs": "ACCOUNT_NOT_FOUND", "nowhere": "ACCOUNT_NOT_FOUND", "east": "ACCOUNT_NOT_ALLOWED"} {
			some := caller(t, "default", "west", "theirs")
			_, get := r.accounts.GetAccount(some, &leadmuxv1.GetAccountRequest{Account: account})
			_, test := r.accounts.TestAccount(some, &leadmuxv1.TestAccountRequest{Account: account})
			_, list := r.accounts.ListCapabilities(some, &leadmuxv1.ListCapabilitiesRequest{Account: account})
			for _, err := range []error{get, test, list} {
				code := codes.NotFound
				if reason == "ACCOUNT_NOT_ALLOWED" {
					code = codes.PermissionDenied
				}
				refused(t, err, code, reason)
			}
		}
	})
}

func TestAGoodTestResumesTheAccount(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.verse.answer = fails(adapters.KindOnHold)
		held := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		waiting := r.create(&leadmuxv1.Lead{Phone: "4155550143"})
		health := func() *leadmuxv1.AccountHealth {
			response, err := r.accounts.GetAccount(r.ctx, &leadmuxv1.GetAccountRequest{Account: "west"})
			if err != nil {
				t.Fatal(err)
			}
			return response.GetAccount().GetHealth()
		}
		if h := health(); !h.GetStopped() || h.GetStopReason() != "VENDOR_ACCOUNT_ON_HOLD" || h.GetQueued() != 2 || !h.GetOldestQueuedTime().AsTime().Equal(held.GetCreateTime().AsTime()) {
			t.Errorf("health %v", h)
		}

		r.verse.answer = nil
		r.verse.test = &adapters.Error{Vendor: "verse", Op: "TestAccount", Kind: adapters.KindOnHold}
		response, err := r.accounts.TestAccount(r.ctx, &leadmuxv1.TestAccountRequest{Account: "west"})
		if err != nil || response.GetOk() || response.GetError().GetReason() != "VENDOR_ACCOUNT_ON_HOLD" || !response.GetAccount().GetHealth().GetStopped() {
			t.Errorf("%v, %v", response, err)
		}
		synctest.Wait()
		if r.verse.seen() != 1 {
			t.Errorf("%d attempts", r.verse.seen())
		}

		r.verse.test = nil
		response, err = r.accounts.TestAccount(r.ctx, &leadmuxv1.TestAccountRequest{Account: "west"})
		if err != nil || !response.GetOk() || response.GetError() != nil || response.GetAccount().GetHealth().GetStopped() {
			t.Errorf("%v, %v", response, err)
		}
		synctest.Wait()
		for _, lead := range []*leadmuxv1.Lead{held, waiting} {
			got, err := r.GetLead(r.ctx, &leadmuxv1.GetLeadRequest{LeadId: lead.GetLeadId()})
			if err != nil || stateAt(got.GetLead(), "west") != "ACTIVE" {
				t.Errorf("%v, %v", got, err)
			}
		}
		if h := health(); h.GetStopped() || h.GetQueued() != 0 || h.GetOldestQueuedTime() != nil {
			t.Errorf("health %v", h)
		}
	})
}

func TestATestThatCannotBeMade(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		_, err := r.accounts.TestAccount(caller(t, "mutes"), &leadmuxv1.TestAccountRequest{Account: "silent"})
		refused(t, err, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED")
		r.verse.test = errors.New("something else")
		_, err = r.accounts.TestAccount(r.ctx, &leadmuxv1.TestAccountRequest{Account: "west"})
		if got := refusalOf(t, err); got.reason != "INTERNAL" {
			t.Errorf("%v", err)
		}
	})
}

func TestCapabilitiesOfTheCallersAccounts(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		list := func(tenant, account string, allowed ...string) []string {
			response, err := r.accounts.ListCapabilities(caller(t, tenant, allowed...), &leadmuxv1.ListCapabilitiesRequest{Account: account})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range response.GetCapabilities() {
				got = append(got, c.GetAccount()+" "+c.GetVendor()+" "+c.GetRpc())
			}
			return got
		}
		equal(t, "all", list("default", ""), []string{"east verse CreateLead", "support ujet CreateLead", "west verse CreateLead"})
		equal(t, "allowed", list("default", "", "west"), []string{"west verse CreateLead"})
		equal(t, "one", list("default", "support"), []string{"support ujet CreateLead"})
		equal(t, "none", list("mutes", ""), nil)
	})
}
