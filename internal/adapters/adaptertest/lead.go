package adaptertest

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/typeid"
)

// FullLead is the n-th of a series of different leads, n from 0 to 99, with every field set that a caller can set. The person
// is invented. No value is longer than the shortest vendor's field.
func FullLead(n int) *leadmuxv1.Lead {
	made := timestamppb.New(time.Date(2026, 3, 4, 15, 6, 7, 0, time.UTC))
	agreed := func(source string) *leadmuxv1.ChannelConsent {
		return &leadmuxv1.ChannelConsent{
			State: leadmuxv1.ConsentState_CONSENT_STATE_GRANTED, Time: made, Source: source,
		}
	}
	return &leadmuxv1.Lead{
		LeadId:     typeid.New(typeid.Lead),
		ExternalId: fmt.Sprintf("crm-7%02d", n),
		FirstName:  fmt.Sprintf("Wilhelmina%02d", n),
		LastName:   fmt.Sprintf("Quackenbush%02d", n),
		Email:      fmt.Sprintf("wilhelmina%02d@example.com", n),
		Phone:      fmt.Sprintf("+141555501%02d", n),
		HomePhone:  fmt.Sprintf("+161955501%02d", n),
		WorkPhone:  fmt.Sprintf("+121255501%02d", n),
		Picture:    fmt.Sprintf("https://pictures.example.com/person-%02d.png", n),
		Address: &leadmuxv1.Address{
			Street: "17 Nowhere Lane", City: "Sampleville", Region: "Ohio", PostalCode: "45999-1234", CountryCode: "US",
		},
		Source:           "Spring fair",
		Type:             "Walk-In",
		Comment:          `Asked about <two> rooms & a "view"`,
		Status:           "OPEN",
		SourceCreateTime: made,
		Owner: &leadmuxv1.Owner{
			OwnerId: "rep-31", FirstName: "Barnaby", LastName: "Thistlewood", Email: "barnaby@example.com",
			Phone: "+13125550188", Team: "Team North", BookingUrl: "https://booking.example.com/barnaby",
		},
		Tags:  []string{"early-bird"},
		Notes: []*leadmuxv1.Note{{Title: "First visit", Description: "Came with two children"}},
		Consent: &leadmuxv1.Consent{
			Sms: agreed("counter form A"), Email: agreed("counter form B"), Call: agreed("counter form C"),
		},
		Attributes: map[string]string{"shoe_size": "forty-three", "type": "hidden-kind"},
	}
}
