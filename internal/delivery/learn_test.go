package delivery_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// says answers with what the vendor says beside having done it.
func says(result adapters.LeadResult) answer {
	return func(context.Context, attempt) (adapters.LeadResult, error) {
		result.State = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
		result.VendorRefs = maps.Clone(result.VendorRefs)
		return result, nil
	}
}

func warning(code, field string) *leadmuxv1.Warning {
	return &leadmuxv1.Warning{Code: code, Field: field}
}

// warnings are the codes and fields of an engagement's warnings.
func (r *rig) warnings(id string) []string {
	r.t.Helper()
	var list []string
	for _, w := range r.engagement(id).GetWarnings() {
		list = append(list, w.GetCode()+" "+w.GetField())
	}
	return list
}

func TestWhatTheVendorSaysIsKept(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, says(adapters.LeadResult{
			VendorRefs: map[string]string{"contact": "1", "campaign": "2"}, VendorStatus: "open", VendorURL: "https://vendor.example.com/1",
			Warnings: []*leadmuxv1.Warning{warning("VENDOR_ID_PENDING", ""), warning("FIELD_CLIPPED", "lead.comment"), warning("VENDOR_NOT_TOLD", "")},
		}))
		v.on[delivery.UpdateLead] = says(adapters.LeadResult{
			VendorLeadID: "77", VendorRefs: map[string]string{"contact": "", "campaign": "3"},
			Warnings: []*leadmuxv1.Warning{warning("FIELD_NOT_SENT", "lead.tags"), warning("VENDOR_NOT_TOLD", "")},
		})
		v.on[delivery.EndConversation] = says(adapters.LeadResult{
			VendorStatus: "closed", Warnings: []*leadmuxv1.Warning{warning("VENDOR_NOT_TOLD", "")},
		})
		r, id := engaged(t, v)
		equal(t, "warnings", r.warnings(id), []string{"VENDOR_ID_PENDING ", "FIELD_CLIPPED lead.comment", "VENDOR_NOT_TOLD "})
		r.write(id, delivery.UpdateLead, "Grace")
		synctest.Wait()
		equal(t, "warnings", r.warnings(id), []string{"VENDOR_NOT_TOLD ", "FIELD_NOT_SENT lead.tags"})
		e := r.engagement(id)
		if e.GetVendorLeadId() != "77" || e.GetVendorStatus() != "open" || e.GetVendorUrl() == "" || !maps.Equal(e.GetVendorRefs(), map[string]string{"campaign": "3"}) {
			t.Errorf("the engagement is %v", e)
		}
		r.write(id, delivery.EndConversation)
		synctest.Wait()
		equal(t, "warnings", r.warnings(id), []string{"VENDOR_NOT_TOLD ", "FIELD_NOT_SENT lead.tags"})
		if e := r.engagement(id); e.GetVendorStatus() != "closed" || e.GetVendorLeadId() != "77" {
			t.Errorf("the engagement is %v", e)
		}
	})
}

// The warning that a vendor was not told of a change ends only when the vendor got the lead as it is.
func TestAnUpdateNotSentIsSaidUntilItIsSent(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, after(5*time.Second, took))
		r := newRig(t, at("west", v))
		id := r.create(somebody())
		synctest.Wait()
		r.put(func(tx idmap.Tx) error { // as the service does for a vendor that takes no changes
			lead := r.lead(id)
			lead.FirstName = "Grace"
			delivery.Warn(lead.GetEngagements()[0], warning("UPDATE_NOT_SENT", ""))
			return tx.PutLead(tenant, lead)
		})
		pass(10 * time.Second)
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada"})
		equal(t, "warnings", r.warnings(id), []string{"UPDATE_NOT_SENT "})
		r.write(id, delivery.UpdateLead)
		pass(10 * time.Second)
		equal(t, "the vendor saw", v.rpcs(id), []string{"CreateLead Ada", "UpdateLead Grace"})
		equal(t, "warnings", r.warnings(id), nil)
	})
}
