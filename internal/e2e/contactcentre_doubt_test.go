package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

const contactsPath = "/outbound_dialer/campaigns/1/contacts"

// TestContactAddedOnce loses the answer to a contact that was added. Where the campaign's list can be read, the caller learns that it
// was; where it cannot, nobody knows, until the request is repeated: then it is looked for before it would be sent again.
func TestContactAddedOnce(t *testing.T) {
	t.Parallel()
	lost := kit.Fault{Method: http.MethodPost, Path: contactsPath, After: true, Drop: true}
	for _, via := range harness.Vias() {
		for name, faults := range map[string][]kit.Fault{
			"found at once":    {lost},
			"found by repeat":  {lost, {Method: http.MethodGet, Path: contactsPath, Status: http.StatusInternalServerError}},
			"not done at once": {{Method: http.MethodPost, Path: contactsPath, Status: http.StatusInternalServerError}},
		} {
			t.Run(name+"/"+string(via), func(t *testing.T) {
				t.Parallel()
				env := suite.Start(t, harness.Options{})
				vendor := env.Vendors.Get(harness.UJET)
				vendor.Plan(t, faults...)
				call := harness.Call{Via: via, Method: "CampaignService.AddCampaignContact", Body: `{"account": "ujet", "campaignId": "1",
					"requestId": "once-1", "contact": {"name": "Ada Byron", "phoneNumber": "+14155550142"}}`}
				for attempt := range 2 {
					answer, err := env.Server.Do(context.Background(), call)
					if err != nil {
						t.Fatal(err)
					}
					switch known := attempt == 1 || name == "found at once"; {
					case known && (answer.Code != codes.OK || !strings.Contains(string(answer.Body), `"contactId"`)):
						t.Fatalf("attempt %d: %v %s", attempt, answer.Code, answer.Body)
					case !known && answer.Reason() != "OUTCOME_UNKNOWN":
						t.Fatalf("attempt %d: %v %s", attempt, answer.Code, answer.Body)
					}
				}
				added := 0
				for _, r := range vendor.Requests(t) {
					if r.Method == http.MethodPost && r.Effect != "" {
						added++
					}
				}
				if added != 1 {
					t.Errorf("the vendor added the contact %d times", added)
				}
			})
		}
	}
}
