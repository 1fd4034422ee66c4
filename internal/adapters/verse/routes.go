package verse

import (
	"maps"
	"net/http"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// The routes by the RPC they serve, which is also their name in the configuration's "routes".
const (
	routeCreate = "CreateLead"
	routeEnd    = "EndConversation"
	routeStop   = "StopConversation"
	routeOptOut = "OptOutLead"
)

const opTest = "TestAccount"

// varID is the placeholder for Verse's ID of the lead that the path of an action may hold.
const varID = "id"

// class is that of all writes. A repeated create is told from a first one by its 409; a repeated action by its 404 (assumed:
// no document says what becomes of an action on a conversation that has ended).
const class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE

// allRoutes are those of leads and those of the RPCs that are forwarded.
func allRoutes() vendorhttp.Routes {
	all := Forwards().Routes()
	maps.Copy(all, routes)
	return all
}

// routes are the vendor's own for leads, under the base URL. The Postman documentation names the actions without their paths and hints
// that the ID may be in the path, so the configuration may put "{id}" there: "POST /leads/{id}/end" (assumed).
var routes = vendorhttp.Routes{
	// The path stands in the vendor's published API page, the verb in its Postman introduction.
	routeCreate: {Method: http.MethodPost, Path: "/zapier", Evidence: leadmuxv1.Evidence_EVIDENCE_A},
	// The path stands in the API page of 2020 and in no later one; the verb follows from the body it shows.
	routeEnd: {
		Method: http.MethodPost, Path: "/zapier/end-conversation", Vars: []string{varID}, Evidence: leadmuxv1.Evidence_EVIDENCE_B,
	},
	// The operation is named by the Postman documentation; its path is assumed after that of the other.
	routeStop: {
		Method: http.MethodPost, Path: "/zapier/stop-conversation", Vars: []string{varID}, Evidence: leadmuxv1.Evidence_EVIDENCE_D,
	},
	// Named "DNC" by the Postman documentation: unqualified, and on the account's do-not-contact list. Path and body are assumed
	// after those of the others. There is no way back but the account manager.
	routeOptOut: {
		Method: http.MethodPost, Path: "/zapier/dnc", Vars: []string{varID}, Evidence: leadmuxv1.Evidence_EVIDENCE_D,
	},
}
