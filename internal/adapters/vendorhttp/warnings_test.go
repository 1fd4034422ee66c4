package vendorhttp

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func TestNotSent(t *testing.T) {
	lead := &leadmuxv1.Lead{
		LeadId: "lead_1", ExternalId: "crm-1", FirstName: "Grace", Phone: "+14155550142", Etag: "e",
		Address:          &leadmuxv1.Address{City: "Sampleville", CountryCode: "US"},
		SourceCreateTime: &timestamppb.Timestamp{Seconds: 1},
		Owner:            &leadmuxv1.Owner{},
		Tags:             []string{"vip"},
		Consent:          &leadmuxv1.Consent{Sms: &leadmuxv1.ChannelConsent{Source: "form"}},
		Attributes:       map[string]string{"size": "9"},
		Engagements:      []*leadmuxv1.Engagement{{Account: "west"}},
		CreateTime:       &timestamppb.Timestamp{Seconds: 1},
		Warnings:         []*leadmuxv1.Warning{{Code: "X"}},
	}
	for name, c := range map[string]struct {
		sent []string
		want []string
	}{
		"nothing sent": {nil, []string{
			"lead.first_name", "lead.phone", "lead.address", "lead.source_create_time", "lead.tags", "lead.consent", "lead.attributes",
		}},
		"parts sent": {
			[]string{"lead.first_name", "lead.address.city", "lead.consent.sms.state", "lead.attributes", "lead.tags[0]"},
			[]string{"lead.phone", "lead.address.country_code", "lead.source_create_time", "lead.tags", "lead.consent.sms.source"},
		},
		"a message sent whole": {
			[]string{"lead.first_name", "lead.phone", "lead.address", "lead.source_create_time", "lead.tags", "lead.consent"},
			[]string{"lead.attributes"},
		},
		"a name that begins alike": {
			[]string{"lead.first_name", "lead.phone", "lead.addres", "lead.source_create", "lead.tags", "lead.consent", "lead.attributes"},
			[]string{"lead.address", "lead.source_create_time"},
		},
	} {
		var got []string
		for _, w := range NotSent("Acme", lead, c.sent...) {
			got = append(got, w.GetField())
			if w.GetCode() != "FIELD_NOT_SENT" || !strings.HasPrefix(w.GetMessage(), "Acme has no place") {
				t.Errorf("%s: got %v", name, w)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}
