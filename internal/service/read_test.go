package service_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func TestGetLeadKnowsItsTenantsLeadsOnly(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.create(&leadmuxv1.Lead{Phone: "4155550142"}).GetLeadId()
		if got, err := r.GetLead(r.ctx, &leadmuxv1.GetLeadRequest{LeadId: id}); err != nil || got.GetLead().GetPhone() != "+14155550142" {
			t.Errorf("%v, %v", got, err)
		}
		_, err := r.GetLead(r.another, &leadmuxv1.GetLeadRequest{LeadId: id})
		theirs := refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		_, err = r.GetLead(r.ctx, &leadmuxv1.GetLeadRequest{LeadId: "lead_00000000000000000000000000"})
		nobodys := refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		if theirs.message != nobodys.message {
			t.Errorf("%q tells that the lead exists; else it is %q", theirs.message, nobodys.message)
		}
	})
}

func TestLookupTakesExactlyOneKey(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		all := []string{"vendor_lead_id", "phone", "email", "external_id"}
		for name, c := range map[string]struct {
			request *leadmuxv1.LookupLeadRequest
			fields  []string
		}{
			"none":              {&leadmuxv1.LookupLeadRequest{}, all},
			"an account alone":  {&leadmuxv1.LookupLeadRequest{Account: "west"}, all},
			"phone and email":   {&leadmuxv1.LookupLeadRequest{Phone: "4155550142", Email: "ada@example.com"}, []string{"phone", "email"}},
			"two of ID":         {&leadmuxv1.LookupLeadRequest{Account: "west", VendorLeadId: "1", ExternalId: "2"}, []string{"vendor_lead_id", "external_id"}},
			"no account":        {&leadmuxv1.LookupLeadRequest{VendorLeadId: "1"}, []string{"account"}},
			"too much account":  {&leadmuxv1.LookupLeadRequest{Account: "west", Phone: "4155550142"}, []string{"account"}},
			"no phone":          {&leadmuxv1.LookupLeadRequest{Phone: "12"}, []string{"phone"}},
			"a phone of blanks": {&leadmuxv1.LookupLeadRequest{Phone: "  "}, []string{"phone"}},
		} {
			_, err := r.LookupLead(r.ctx, c.request)
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "INVALID_FIELD", c.fields...)
		}
	})
}

func TestLookupFinds(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		first := r.create(&leadmuxv1.Lead{ExternalId: "crm-1", Phone: "4155550142", Email: "Ada@example.com", WorkPhone: "4155550199"}).GetLeadId()
		second, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{Phone: "4155550142", HomePhone: "4155550188"}, Accounts: []string{"west"}, DuplicatePolicy: allow,
		})
		if err != nil {
			t.Fatal(err)
		}
		newest := second.GetLead().GetLeadId()
		third := r.create(&leadmuxv1.Lead{Phone: "4155550188"}).GetLeadId()
		for name, c := range map[string]struct {
			request *leadmuxv1.LookupLeadRequest
			want    []string
		}{
			"by phone, the newest first":      {&leadmuxv1.LookupLeadRequest{Phone: "415-555-0142"}, []string{newest, first}},
			"by phone in E.164":               {&leadmuxv1.LookupLeadRequest{Phone: "+14155550142"}, []string{newest, first}},
			"by a work phone":                 {&leadmuxv1.LookupLeadRequest{Phone: "415 555 0199"}, []string{first}},
			"by phone before any other phone": {&leadmuxv1.LookupLeadRequest{Phone: "4155550188"}, []string{third}},
			"by e-mail in any case":           {&leadmuxv1.LookupLeadRequest{Email: " ADA@EXAMPLE.COM "}, []string{first}},
			"by external ID":                  {&leadmuxv1.LookupLeadRequest{ExternalId: " crm-1 "}, []string{first}},
			"by the vendor's ID":              {&leadmuxv1.LookupLeadRequest{Account: "west", VendorLeadId: "v-" + first}, []string{first}},
		} {
			got, err := r.LookupLead(r.ctx, c.request)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			equal(t, name, got.GetLeadIds(), c.want)
			if got.GetLead().GetLeadId() != c.want[0] {
				t.Errorf("%s: the lead is %s", name, got.GetLead().GetLeadId())
			}
			if c.request.GetAccount() == "" {
				_, err = r.LookupLead(r.another, c.request)
				refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
			}
		}
	})
}

func TestLookupFindsNothing(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.create(&leadmuxv1.Lead{Phone: "4155550142", Email: "ada@example.com"}).GetLeadId()
		for name, request := range map[string]*leadmuxv1.LookupLeadRequest{
			"another phone":           {Phone: "4155550143"},
			"another e-mail":          {Email: "grace@example.com"},
			"an unknown external ID":  {ExternalId: "crm-1"},
			"an unknown vendor's ID":  {Account: "west", VendorLeadId: "1"},
			"the ID at another place": {Account: "east", VendorLeadId: "v-" + id},
		} {
			_, err := r.LookupLead(r.ctx, request)
			t.Log(name)
			refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		}
		_, err := r.LookupLead(r.another, &leadmuxv1.LookupLeadRequest{Account: "west", VendorLeadId: "v-" + id})
		refused(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
		_, err = r.LookupLead(caller(t, "default", "east"), &leadmuxv1.LookupLeadRequest{Account: "west", VendorLeadId: "v-" + id})
		refused(t, err, codes.PermissionDenied, "ACCOUNT_NOT_ALLOWED")
	})
}
