package ujet

import (
	"encoding/json"
	"net/url"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/typeid"
)

// endUserBody is what operation 30 takes. An empty field is left out, so that it does not clear what the vendor has.
type endUserBody struct {
	Identifier string `json:"identifier"`
	Email      string `json:"email,omitempty"`
	Name       string `json:"name,omitempty"`
	Phone      string `json:"phone,omitempty"`
}

// contactBody is what operations 19, 23 and 24 take, each some of it. Which fields they require is not documented; 19 surely
// a phone (inferred).
type contactBody struct {
	ContactID        json.Number `json:"contact_id,omitempty"` // the vendor's IDs are integers
	Name             string      `json:"name,omitempty"`
	Email            string      `json:"email,omitempty"`
	PhoneNumber      string      `json:"phone_number,omitempty"`
	OutboundNumber   string      `json:"outbound_number,omitempty"`
	ExternalUniqueID string      `json:"external_unique_id"`
}

// ask finds the end user by the vendor's ID (operation 31).
func (p plan) ask() vendorhttp.Call {
	return vendorhttp.Call{Op: p.op, Route: routeGetEndUser, Query: url.Values{"id": {p.endUserID}}}
}

// upsert writes the end user (operation 30).
func (p plan) upsert() vendorhttp.Call {
	body := p.user
	body.Identifier = p.identifier
	return vendorhttp.Call{Op: p.op, Route: routeUpsertEndUser, Body: body}
}

// list reads the campaign's contacts (operation 20).
func (p plan) list() vendorhttp.Call { return p.ofCampaign(routeListCampaignContacts, nil) }

// join adds the contact (operation 19).
func (p plan) join() vendorhttp.Call { return p.ofCampaign(routeAddCampaignContact, p.contact) }

// change changes the contact (operation 23). It has no number to call from.
func (p plan) change() vendorhttp.Call {
	body := p.contact
	body.ContactID, body.OutboundNumber = json.Number(p.contactID), ""
	return p.ofCampaign(routeUpdateCampaignContact, body)
}

// leave removes the contact (operation 24, a DELETE with a body).
func (p plan) leave() vendorhttp.Call {
	return p.ofCampaign(routeRemoveCampaignContact, contactBody{
		ContactID: json.Number(p.contactID), PhoneNumber: p.contact.PhoneNumber, ExternalUniqueID: p.contact.ExternalUniqueID,
	})
}

func (p plan) ofCampaign(route string, body any) vendorhttp.Call {
	vars := map[string]string{varCampaign: p.campaignID, varContact: p.contactID}
	return vendorhttp.Call{Op: p.op, Route: route, Vars: vars, Body: body}
}

// preview shows calls. The identifier is shown where it is our lead ID; another one may be about a person.
func (a *Adapter) preview(p plan, calls []vendorhttp.Call) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
	requests, err := a.client.PreviewAll(map[string]bool{
		"identifier": isLeadID(p.identifier), "id": true,
		"external_unique_id": true, "outbound_number": true, varCampaign: true, varContact: true,
	}, calls...)
	return requests, p.warnings, err
}

// isLeadID says whether an identifier has the form of our lead IDs.
func isLeadID(identifier string) bool {
	_, err := typeid.UUID(typeid.Lead, identifier)
	return err == nil
}
