package ujet

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Names of the further IDs that an engagement keeps.
const (
	// refIdentifier is the end user's identifier where it is our lead ID. A caller's own ID may be about a person, and is
	// asked for each time.
	refIdentifier = "identifier"
	// refCampaign is the campaign that the person is in, in decimal.
	refCampaign = "campaign_id"
	// refContact is the person's contact there, in decimal. Absent beside a campaign when the vendor did not say.
	refContact = "contact_id"
)

// keep puts a further ID into the result; an empty one is left out.
func keep(result *adapters.LeadResult, name, id string) {
	if id == "" {
		return
	}
	if result.VendorRefs == nil {
		result.VendorRefs = map[string]string{}
	}
	result.VendorRefs[name] = id
}

// forgetCampaign makes the engagement of a person who is no longer in the campaign forget it. Both IDs go: a campaign without
// a contact would mean that the contact's ID is not known.
func forgetCampaign(result *adapters.LeadResult) {
	if result.VendorRefs == nil {
		result.VendorRefs = map[string]string{}
	}
	result.VendorRefs[refCampaign], result.VendorRefs[refContact] = "", ""
}

// plan is the work of one RPC, as far as it is known before anything is sent.
type plan struct {
	op     string
	leadID string
	// own is the identifier that the account's configuration makes for the lead.
	own string
	// identifier is what the vendor knows the end user under; empty when the vendor must be asked, by endUserID.
	identifier string
	// endUserID is the end user's ID at the vendor; empty when the vendor does not know the lead yet.
	endUserID string
	user      endUserBody
	// campaignID is empty when the lead is in no campaign. Then what follows is not used.
	campaignID string
	contactID  string // empty when not known
	contact    contactBody
	warnings   []*leadmuxv1.Warning
}

// newPlan maps the lead onto the vendor's fields. Which identifier and campaign it is about follows from the RPC.
func (a *Adapter) newPlan(op string, in adapters.LeadInput) plan {
	lead := in.Lead
	name := strings.TrimSpace(lead.GetFirstName() + " " + lead.GetLastName())
	own := lead.GetLeadId()
	if a.byExternalID {
		own = lead.GetExternalId()
	}
	return plan{
		op: op, leadID: lead.GetLeadId(), own: own, endUserID: endUserID(in.Engagement),
		user: endUserBody{Email: lead.GetEmail(), Name: name, Phone: lead.GetPhone()},
		contact: contactBody{
			Name: name, Email: lead.GetEmail(), PhoneNumber: lead.GetPhone(), ExternalUniqueID: lead.GetLeadId(),
		},
		warnings: vendorhttp.NotSent("UJET", lead, "lead.first_name", "lead.last_name", "lead.email", "lead.phone", "lead.warnings"),
	}
}

// endUserID is the end user's ID at the vendor: that of the engagement, else of the last one before it, which was about the
// same person.
func endUserID(e *leadmuxv1.Engagement) string {
	if id := e.GetVendorLeadId(); id != "" {
		return id
	}
	for i := len(e.GetClosed()) - 1; i >= 0; i-- {
		if id := e.GetClosed()[i].GetVendorLeadId(); id != "" {
			return id
		}
	}
	return ""
}

// planCreate adds the caller's campaign, or refuses what the vendor cannot take.
func (a *Adapter) planCreate(in adapters.LeadInput) (plan, error) {
	p, options := a.newPlan(opCreateLead, in), in.Options.GetUjet()
	p.campaignID = options.GetCampaignId()
	if !isEndUserID(p.endUserID) { // new to the vendor, or was linked to what no end user can be
		p.identifier = p.own
	}
	var refused violations
	if p.own == "" {
		refused.add(a.identifierField(), "this account knows people at UJET by it; set it")
	}
	p.contact.OutboundNumber = refused.outboundNumber(options)
	if p.campaignID != "" && p.contact.PhoneNumber == "" {
		refused.add(fieldPhone, "a campaign calls the person; a phone number is needed with vendor_options.ujet.campaign_id")
	}
	if len(refused.found) > 0 {
		return plan{}, refused.err(p.op)
	}
	return p, nil
}

// planKnown adds what the engagement knows of end user and campaign.
func (a *Adapter) planKnown(op string, in adapters.LeadInput) plan {
	p, refs := a.newPlan(op, in), in.Engagement.GetVendorRefs()
	p.campaignID, p.contactID = refs[refCampaign], refs[refContact]
	switch {
	case refs[refIdentifier] != "":
		p.identifier = refs[refIdentifier]
	case p.endUserID == "":
		p.identifier = p.own
	}
	return p
}

// outboundNumber is the number to call from in E.164, empty for none.
func (v *violations) outboundNumber(options *leadmuxv1.UjetOptions) string {
	given := options.GetOutboundNumber()
	if given == "" {
		return ""
	}
	if options.GetCampaignId() == "" {
		v.add(fieldOutbound, "it belongs to a campaign; set vendor_options.ujet.campaign_id too")
		return ""
	}
	number, err := phonenumbers.Parse(given, "")
	if err != nil {
		v.add(fieldOutbound, "not a phone number in E.164 form, such as +14155550142")
		return ""
	}
	return phonenumbers.Format(number, phonenumbers.E164)
}
