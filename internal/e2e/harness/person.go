package harness

import (
	"fmt"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// areas are area codes; each has one hundred numbers that are kept for invented persons.
var areas = []string{"212", "213", "214", "215", "216", "312", "313", "314", "315", "316", "412", "413", "414", "415", "417"}

// Person is invented person number n, from 0, with an e-mail address and a phone number that no other one has.
func Person(n int) *leadmuxv1.Lead {
	return &leadmuxv1.Lead{
		ExternalId: fmt.Sprintf("crm-%04d", n),
		FirstName:  "Ada", LastName: fmt.Sprintf("Example%04d", n),
		Email:  fmt.Sprintf("person%04d@example.com", n),
		Phone:  fmt.Sprintf("+1%s55501%02d", areas[n/100%len(areas)], n%100),
		Source: "Web form",
	}
}

// At is the lead's engagement at an account; an empty one when there is none.
func At(lead *leadmuxv1.Lead, account string) *leadmuxv1.Engagement {
	for _, e := range lead.GetEngagements() {
		if e.GetAccount() == account {
			return e
		}
	}
	return &leadmuxv1.Engagement{}
}

// State is an engagement's state without its prefix, and the reason of its error after a blank if it has one.
func State(e *leadmuxv1.Engagement) string {
	state := strings.TrimPrefix(e.GetState().String(), "ENGAGEMENT_STATE_")
	return strings.TrimSpace(state + " " + e.GetError().GetReason())
}

// States are all engagements in one line, such as "ujet=QUEUED VENDOR_TIMEOUT, verse=ACTIVE".
func States(lead *leadmuxv1.Lead) string {
	var all []string
	for _, e := range lead.GetEngagements() {
		all = append(all, e.GetAccount()+"="+State(e))
	}
	return strings.Join(all, ", ")
}

// AllActive is what States says of a lead that all four vendors have.
const AllActive = "conversica=ACTIVE, convertalk=ACTIVE, ujet=ACTIVE, verse=ACTIVE"
