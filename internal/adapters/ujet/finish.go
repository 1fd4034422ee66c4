package ujet

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/typeid"
)

// finishing completes the answers of RPCs that a table cannot: what became of each of many, and what stands beside the body.
var finishing = map[string]func(a vendorhttp.Answer, request, response proto.Message){
	"UpdateAgentStatuses":    agentResults,
	"ForceLogoutAgents":      agentResults,
	"GetForceLogoutJob":      agentResults,
	"AddDoNotCallNumbers":    doNotCallResults,
	"RemoveDoNotCallNumbers": doNotCallResults,
	"CheckDoNotCallNumber":   doNotCallListed,
	"ImportCampaignContacts": importOfLocation,
	"AddCampaignContact":     contactLeads,
	"ListCampaignContacts":   contactLeads,
	"UpdateCampaignContact":  contactLeads,
}

// itemTexts are the sentences about one item that the documents print. Others stay here: they may name a person.
var itemTexts = regexp.MustCompile(
	`^(Agent can't be changed (from|to) system status '[A-Za-z -]{1,40}'|expires_at cannot be past date/time|` +
		`phone_number is invalid|emergency phone number is not allowed)$`)

// refusedItem is the error of an item that the vendor refused.
func refusedItem(text, field string) *leadmuxv1.ItemError {
	if !itemTexts.MatchString(text) {
		text = "the vendor refused it, in words that its documents do not have"
	}
	reason := leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_REFUSED.String()
	return &leadmuxv1.ItemError{Reason: strings.TrimPrefix(reason, "ERROR_REASON_"), Message: text, Field: field}
}

// agentResults says of each agent who kept the status why, and counts them: the vendor answers 200 all the same.
func agentResults(_ vendorhttp.Answer, _, response proto.Message) {
	var results []*leadmuxv1.AgentStatusResult
	var failed int32
	switch r := response.(type) {
	case *leadmuxv1.UpdateAgentStatusesResponse:
		results = r.GetResults()
		defer func() { r.FailedCount = failed }()
	case *leadmuxv1.ForceLogoutAgentsResponse:
		results = r.GetResults()
		defer func() { r.FailedCount = failed }()
	case *leadmuxv1.GetForceLogoutJobResponse:
		results = r.GetJob().GetResults()
	}
	for _, result := range results {
		if result.GetError() != nil {
			result.Error = refusedItem(result.GetError().GetMessage(), "")
			failed++
		}
	}
}

// doNotCallResults says of each number that was refused why, and counts them: the vendor answers 200 all the same.
func doNotCallResults(_ vendorhttp.Answer, request, response proto.Message) {
	switch r := response.(type) {
	case *leadmuxv1.AddDoNotCallNumbersResponse:
		var given []string
		if asked, ok := request.(*leadmuxv1.AddDoNotCallNumbersRequest); ok {
			for _, n := range asked.GetNumbers() {
				given = append(given, n.GetPhoneNumber())
			}
		}
		r.FailedCount = failedNumbers(r.GetResults(), given, "numbers[%d].", "phone_number")
	case *leadmuxv1.RemoveDoNotCallNumbersResponse:
		var given []string
		if asked, ok := request.(*leadmuxv1.RemoveDoNotCallNumbersRequest); ok {
			given = asked.GetPhoneNumbers()
		}
		r.FailedCount = failedNumbers(r.GetResults(), given, "phone_numbers[%d]", "")
	}
}

// failedNumbers completes the errors of numbers; item is the path of one in the request, key the field in it.
func failedNumbers(results []*leadmuxv1.DoNotCallResult, given []string, item, key string) (failed int32) {
	for _, result := range results {
		if result.GetError() == nil && result.GetOutcome() != leadmuxv1.DoNotCallOutcome_DO_NOT_CALL_OUTCOME_FAILED {
			continue
		}
		failed++
		text, field := result.GetError().GetMessage(), ""
		if i := slices.Index(given, result.GetPhoneNumber()); i >= 0 {
			field = fmt.Sprintf(item, i) + key
			if key != "" && strings.HasPrefix(text, "expires_at ") {
				field = fmt.Sprintf(item, i) + "expire_time"
			}
		}
		result.Error = refusedItem(text, field)
	}
	return failed
}

// doNotCallListed reads whether a number is on the list. The documents do not show this answer: a list that is empty, an object
// that says so, or one without the number means that it is not (assumed).
func doNotCallListed(a vendorhttp.Answer, _, response proto.Message) {
	r, ok := response.(*leadmuxv1.CheckDoNotCallNumberResponse)
	if !ok {
		return
	}
	var items []json.RawMessage
	if json.Unmarshal(a.Body, &items) == nil {
		r.Listed = len(items) > 0
		return
	}
	var object struct {
		Number any   `json:"phone_number"`
		Found  *bool `json:"found"`
		Exists *bool `json:"exists"`
	}
	if json.Unmarshal(a.Body, &object) != nil {
		return
	}
	r.Listed = object.Number != nil
	for _, said := range []*bool{object.Found, object.Exists} {
		if said != nil {
			r.Listed = *said
		}
	}
}

// contactLeads names the lead of each contact whose unique ID is one of ours.
func contactLeads(_ vendorhttp.Answer, _, response proto.Message) {
	var contacts []*leadmuxv1.CampaignContact
	switch r := response.(type) {
	case *leadmuxv1.AddCampaignContactResponse:
		contacts = append(contacts, r.GetContact())
	case *leadmuxv1.UpdateCampaignContactResponse:
		contacts = append(contacts, r.GetContact())
	case *leadmuxv1.ListCampaignContactsResponse:
		contacts = r.GetContacts()
	}
	for _, c := range contacts {
		if _, err := typeid.UUID(typeid.Lead, c.GetUniqueId()); err == nil {
			c.LeadId = c.GetUniqueId()
		}
	}
}

// importOfLocation takes the job's ID from the address of the job, where the body does not hold it.
func importOfLocation(a vendorhttp.Answer, _, response proto.Message) {
	r, ok := response.(*leadmuxv1.ImportCampaignContactsResponse)
	if !ok || r.GetCampaignImport().GetJobId() != "" {
		return
	}
	if dir, id := path.Split(a.Header.Get("Location")); strings.HasSuffix(dir, "/jobs/") {
		if r.CampaignImport == nil {
			r.CampaignImport = &leadmuxv1.CampaignImport{}
		}
		r.CampaignImport.JobId = id
	}
}
