package convertalk

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// leadBody is what the PUT takes. An empty field is left out: the vendor then keeps what it has (inferred).
type leadBody struct {
	UUID       string `json:"uuid"`
	BotID      string `json:"botId"`
	CustomerID string `json:"customerId"`
	AgentID    string `json:"agentId,omitempty"`
	Name       string `json:"name,omitempty"`
	Email      string `json:"email,omitempty"`
	Phone      string `json:"phone,omitempty"`    // national number
	DialCode   string `json:"dialCode,omitempty"` // "+" and the country calling code
	Status     string `json:"status,omitempty"`
	Picture    string `json:"picture,omitempty"`
	Notes      any    `json:"notes,omitempty"` // these three: arrays or text
	Tags       any    `json:"tags,omitempty"`
	Attributes any    `json:"attributes,omitempty"`
}

// public lists the keys of our body whose values a preview may show.
var public = map[string]bool{"uuid": true, "botId": true, "customerId": true, "agentId": true, "dialCode": true, "status": true}

const (
	// statusOpen is what a chat has when nobody set a status (inferred).
	statusOpen       = "OPEN"
	statusInProgress = "INPROGRESS"
	statusReview     = "REVIEW"
	statusOnHold     = "ONHOLD"
	statusClosed     = "CLOSED"
	// statusDependency is one of the vendor's statuses, in its spelling.
	statusDependency = "DEPENDANCY"
)

// statuses are the vendor's. Accounts may define others, but only these are documented as accepted.
var statuses = []string{statusOpen, statusInProgress, statusReview, statusOnHold, statusDependency, statusClosed}

// wish is what a lead shall be at the vendor.
type wish struct {
	op   string
	body leadBody // without the three arrays
	// These are in the vendor's form.
	notes      []noteItem
	tags       []string
	attributes []attributeItem
	notices    *notices
}

// wish maps the lead onto the vendor's fields, or refuses what cannot be mapped.
func (a *Adapter) wish(op string, in adapters.LeadInput) (wish, error) {
	lead := in.Lead
	b, err := a.address(op, in)
	if err != nil {
		return wish{}, err
	}
	b.AgentID = in.Options.GetConvertalk().GetAgentId()
	b.Name = strings.TrimSpace(lead.GetFirstName() + " " + lead.GetLastName())
	b.Email = lead.GetEmail()
	if b.Phone, b.DialCode, err = phoneParts(lead.GetPhone()); err != nil {
		return wish{}, invalid(op, "lead.phone", "not a phone number in E.164 form, such as +14155550142")
	}
	n := newNotices(lead)
	b.Status = n.status(lead.GetStatus())
	b.Picture = n.picture(lead.GetPicture())
	return wish{
		op: op, body: b, notices: n,
		notes: noteItems(lead.GetNotes()), tags: lead.GetTags(), attributes: n.attributes(lead.GetAttributes()),
	}, nil
}

// address begins a body: whose record it is. Where the vendor has known the lead before, it is the same record again, whose
// uuid may be one that we did not make.
func (a *Adapter) address(op string, in adapters.LeadInput) (leadBody, error) {
	b := leadBody{UUID: vendorhttp.KnownID(in.Engagement), BotID: a.botID, CustomerID: a.customerID}
	if b.UUID != "" {
		return b, nil
	}
	var err error
	if b.UUID, err = vendorUUID(in.Lead.GetLeadId()); err != nil {
		return leadBody{}, invalid(op, "lead.lead_id", "not a lead ID of ours")
	}
	return b, nil
}

// phoneParts splits a number in E.164 into the national number, with the leading zeros that belong to it (Italy), and the
// dial code with its plus sign. No number gives nothing.
func phoneParts(e164 string) (national, dialCode string, err error) {
	if e164 == "" {
		return "", "", nil
	}
	number, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return "", "", err
	}
	return phonenumbers.GetNationalSignificantNumber(number), "+" + strconv.Itoa(int(number.GetCountryCode())), nil
}

// status is the vendor's status for ours, empty when it has none. Our callers may spell one of them right.
func (n *notices) status(status string) string {
	if status == "DEPENDENCY" {
		return statusDependency
	}
	if status == "" || slices.Contains(statuses, status) {
		return status
	}
	n.notSent("lead.status", "Convertalk takes "+strings.Join(statuses, ", ")+" only")
	return ""
}

// picture is the picture's address if it is one that the vendor can show.
func (n *notices) picture(address string) string {
	if address != "" && !isWebAddress(address) {
		n.notSent("lead.picture", "Convertalk takes http and https addresses only")
		return ""
	}
	return address
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
