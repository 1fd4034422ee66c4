package ujet

import (
	"maps"
	"net/http"
	"slices"
	"strings"

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

	routeAddDoNotCallNumbers    = "AddDoNotCallNumbers"    // 50
	routeRemoveDoNotCallNumbers = "RemoveDoNotCallNumbers" // 51
)

// Placeholders of paths.
const (
	varCampaign = "campaign_id"
	varContact  = "contact_id"
	varJob      = "job_id"
)

const (
	pathContacts = "/outbound_dialer/campaigns/{campaign_id}/contacts"
	pathContact  = "/outbound_dialer/campaigns/{campaign_id}/contact" // the contact is named in the body
)

// routes is where the vendor has each operation that leads need. Method and path of all are stated by public sources, but for the method of
// taking numbers off the list: it is inferred from the body that the vendor describes.
var routes = vendorhttp.Routes{
	routeUpsertEndUser:         stated(http.MethodPost, "/end_users"),
	routeGetEndUser:            stated(http.MethodGet, "/end_users"),
	routeAddCampaignContact:    stated(http.MethodPost, pathContacts),
	routeListCampaignContacts:  stated(http.MethodGet, pathContacts),
	routeUpdateCampaignContact: stated(http.MethodPatch, pathContact, varContact),
	routeRemoveCampaignContact: stated(http.MethodDelete, pathContact, varContact),
	routeListWaitTimes:         stated(http.MethodGet, "/wait_times"),

	routeAddDoNotCallNumbers:    stated(http.MethodPost, "/outbound_dialer/dnc"),
	routeRemoveDoNotCallNumbers: guessed(follows, http.MethodPost, "/outbound_dialer/dnc/remove"),
}

// allRoutes are those and the ones of the RPCs that are forwarded.
func allRoutes() vendorhttp.Routes {
	all := Forwards().Routes()
	maps.Copy(all, routes)
	return all
}

// Evidence of routes that are not stated whole.
const (
	follows  = leadmuxv1.Evidence_EVIDENCE_B // one part is stated and the other follows
	inferred = leadmuxv1.Evidence_EVIDENCE_C
	assumed  = leadmuxv1.Evidence_EVIDENCE_D
)

// guessed is a route that no public source states whole.
func guessed(evidence leadmuxv1.Evidence, method, path string) vendorhttp.Route {
	return vendorhttp.Route{Method: method, Path: path, Evidence: evidence}
}

func stated(method, path string, vars ...string) vendorhttp.Route {
	return vendorhttp.Route{Method: method, Path: path, Vars: vars, Evidence: leadmuxv1.Evidence_EVIDENCE_A}
}

// Capabilities lists what the account can do. CreateLead has the weaker of its two classes: with a campaign it is
// DETECTABLE, without one KEYED. LookupLead is listed for a vendor's ID that is not known here. Among those of leads are those
// that are forwarded.
func (a *Adapter) Capabilities() []*leadmuxv1.Capability {
	const (
		reads      = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
		keyed      = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
		detectable = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	)
	all := append([]*leadmuxv1.Capability{
		vendorhttp.Capability(a.client, opCreateLead, detectable,
			routeGetEndUser, routeUpsertEndUser, routeListCampaignContacts, routeAddCampaignContact),
		vendorhttp.Capability(a.client, opEndConversation, keyed, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opEraseLead, keyed, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opLookupLead, reads, routeGetEndUser),
		vendorhttp.Capability(a.client, opOptOutLead, keyed, routeAddDoNotCallNumbers, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opReconsent, keyed, routeRemoveDoNotCallNumbers),
		vendorhttp.Capability(a.client, opStopConversation, keyed, routeListCampaignContacts, routeRemoveCampaignContact),
		vendorhttp.Capability(a.client, opTestAccount, reads, routeListWaitTimes),
		vendorhttp.Capability(a.client, opUpdateLead, keyed,
			routeGetEndUser, routeUpsertEndUser, routeListCampaignContacts, routeUpdateCampaignContact),
	}, a.conn.Capabilities()...)
	slices.SortFunc(all, func(a, b *leadmuxv1.Capability) int { return strings.Compare(a.GetRpc(), b.GetRpc()) })
	return all
}
