package ujet

import (
	"net/http"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Names of routes: the RPC that the vendor's operation stands for, by which the configuration overrides it.
const (
	routeUpsertEndUser         = "UpsertEndUser"         // operation 30 of the vendor's list
	routeGetEndUser            = "GetEndUser"            // 31
	routeAddCampaignContact    = "AddCampaignContact"    // 19
	routeListCampaignContacts  = "ListCampaignContacts"  // 20
	routeUpdateCampaignContact = "UpdateCampaignContact" // 23
	routeRemoveCampaignContact = "RemoveCampaignContact" // 24
	routeListWaitTimes         = "ListWaitTimes"         // 10
)

// Placeholders of paths.
const (
	varCampaign = "campaign_id"
	varContact  = "contact_id"
)

const (
	pathContacts = "/outbound_dialer/campaigns/{campaign_id}/contacts"
	pathContact  = "/outbound_dialer/campaigns/{campaign_id}/contact" // the contact is named in the body
)

// routes is where the vendor has each operation. Method and path of all are stated by public sources.
var routes = vendorhttp.Routes{
	routeUpsertEndUser:         stated(http.MethodPost, "/end_users"),
	routeGetEndUser:            stated(http.MethodGet, "/end_users"),
	routeAddCampaignContact:    stated(http.MethodPost, pathContacts),
	routeListCampaignContacts:  stated(http.MethodGet, pathContacts),
	routeUpdateCampaignContact: stated(http.MethodPatch, pathContact, varContact),
	routeRemoveCampaignContact: stated(http.MethodDelete, pathContact, varContact),
	routeListWaitTimes:         stated(http.MethodGet, "/wait_times"),
}

func stated(method, path string, vars ...string) vendorhttp.Route {
	return vendorhttp.Route{Method: method, Path: path, Vars: vars, Evidence: leadmuxv1.Evidence_EVIDENCE_A}
}

// Capabilities lists what the account can do. CreateLead has the weaker of its two classes: with a campaign it is
// DETECTABLE, without one KEYED. LookupLead is listed for a vendor's ID that is not known here.
func (a *Adapter) Capabilities() []*leadmuxv1.Capability {
	const (
		reads      = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
		keyed      = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
		detectable = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	)
	return []*leadmuxv1.Capability{
		vendorhttp.Capability(a.client, opCreateLead, detectable,
			routeGetEndUser, routeUpsertEndUser, routeListCampaignContacts, routeAddCampaignContact),
		vendorhttp.Capability(a.client, opEndConversation, keyed, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opEraseLead, keyed, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opLookupLead, reads, routeGetEndUser),
		vendorhttp.Capability(a.client, opStopConversation, keyed, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opTestAccount, reads, routeListWaitTimes),
		vendorhttp.Capability(a.client, opUpdateLead, keyed,
			routeGetEndUser, routeUpsertEndUser, routeListCampaignContacts, routeUpdateCampaignContact),
	}
}
