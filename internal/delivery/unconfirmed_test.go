package delivery_test

import (
	"slices"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// tellingVendor is a vendor that sends us webhooks.
type tellingVendor struct{ *vendor }

func (tellingVendor) Webhook(kind string) (adapters.Webhook, bool) {
	return adapters.Webhook{}, kind == ""
}

// silent is an account whose vendor could tell us what became of a lead.
func silent(v *vendor) *adapters.Account {
	account := at("west", v)
	account.Adapter = tellingVendor{v}
	return account
}

// TestP3SilenceAboutADuplicateIsADoubt: a duplicate that was taken for our lead is put in doubt when the vendor, which tells us what
// happens, has said nothing under our ID until other operations are given up.
func TestP3SilenceAboutADuplicateIsADoubt(t *testing.T) {
	named := func(r *rig, id string) {
		r.put(func(tx idmap.Tx) error {
			lead, err := tx.Lead(tenant, id)
			if err != nil {
				return err
			}
			delivery.KnownAs(lead.GetEngagements()[0], "v-1")
			return tx.PutLead(tenant, lead)
		})
	}
	for name, c := range map[string]struct {
		account   func(*vendor) *adapters.Account
		meanwhile func(r *rig, id string)
		state     string
	}{
		"nothing is heard":         {silent, func(*rig, string) {}, "IN_DOUBT"},
		"nor after a restart":      {silent, func(r *rig, _ string) { r.crash(); r.start() }, "IN_DOUBT"},
		"it is confirmed":          {silent, named, "ACTIVE"},
		"the vendor tells nothing": {func(v *vendor) *adapters.Account { return at("west", v) }, func(*rig, string) {}, "ACTIVE"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := conflicting(loses(adapters.KindTimeout))
				r := newRig(t, c.account(v))
				id := r.create(&leadmuxv1.Lead{Phone: phone, Email: email})
				pass(71 * time.Hour)
				r.wants(id, "ACTIVE", "")
				c.meanwhile(r, id)
				pass(2 * time.Hour)
				doubted := slices.Contains(r.events(id), "operation.in_doubt")
				if c.state == "ACTIVE" {
					if r.wants(id, "ACTIVE", ""); doubted || r.op(id).GetConfirmTime() != nil {
						t.Errorf("events %v, operation %v", r.events(id), r.op(id))
					}
					return
				}
				r.wants(id, "IN_DOUBT", "DUPLICATE_AT_VENDOR")
				if !doubted || opName(r.op(id).GetState()) != "IN_DOUBT" || len(v.seen(id)) != 2 {
					t.Errorf("events %v, operation %v, %d attempts", r.events(id), r.op(id), len(v.seen(id)))
				}
				pass(100 * time.Hour)
				r.wants(id, "IN_DOUBT", "DUPLICATE_AT_VENDOR")
			})
		})
	}
}

// TestP3ADoubtedDuplicateIsSettled by a person, by the vendor's word under our ID, or by that of a stranger's conversation.
func TestP3ADoubtedDuplicateIsSettled(t *testing.T) {
	resolved := func(verdict leadmuxv1.Verdict, vendorID ...string) func(*rig, *adapters.Account, string) error {
		return func(r *rig, _ *adapters.Account, id string) error {
			return r.resolve(r.op(id).GetOperationId(), verdict, vendorID...)
		}
	}
	changed := func(change func(r *rig, tx idmap.Tx, account *adapters.Account, lead *leadmuxv1.Lead) error) func(*rig, *adapters.Account, string) error {
		return func(r *rig, account *adapters.Account, id string) error {
			r.put(func(tx idmap.Tx) error {
				lead, err := tx.Lead(tenant, id)
				if err != nil {
					return err
				}
				return change(r, tx, account, lead)
			})
			return nil
		}
	}
	for name, c := range map[string]struct {
		settle        func(r *rig, account *adapters.Account, id string) error
		state, reason string
	}{
		"it happened": {resolved(leadmuxv1.Verdict_VERDICT_HAPPENED, "v-7"), "ACTIVE", ""},
		"it did not":  {resolved(leadmuxv1.Verdict_VERDICT_DID_NOT_HAPPEN), "REJECTED", "NOT_DONE"},
		"the vendor's word": {changed(func(r *rig, tx idmap.Tx, account *adapters.Account, lead *leadmuxv1.Lead) error {
			return r.d.Proved(tx, tenant, account, lead)
		}), "ACTIVE", ""},
		"a stranger's": {changed(func(r *rig, tx idmap.Tx, account *adapters.Account, _ *leadmuxv1.Lead) error {
			_, err := r.d.Refute(tx, tenant, account, delivery.Sighting{Person: &leadmuxv1.Lead{Phone: phone, Email: email}, Time: time.Now()})
			return err
		}), "REJECTED", "DUPLICATE_AT_VENDOR"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				account := silent(conflicting(loses(adapters.KindTimeout)))
				r := newRig(t, account)
				id := r.create(&leadmuxv1.Lead{Phone: phone, Email: email})
				pass(73 * time.Hour)
				r.wants(id, "IN_DOUBT", "DUPLICATE_AT_VENDOR")
				if err := c.settle(r, account, id); err != nil {
					t.Fatal(err)
				}
				pass(100 * time.Hour)
				r.wants(id, c.state, c.reason)
			})
		})
	}
}
