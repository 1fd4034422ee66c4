package convertalk

import (
	"net/http"
	"net/url"
	"strconv"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Names of routes: the RPC that the vendor's operation stands for, by which the configuration overrides it.
const (
	routeCreateLead      = "CreateLead"
	routeListVendorLeads = "ListVendorLeads"
)

// routes is the whole of the vendor's documented API. There is no POST: one PUT creates and updates.
var routes = vendorhttp.Routes{
	routeCreateLead:      {Method: http.MethodPut, Path: "/inbox/direct/lead", Evidence: leadmuxv1.Evidence_EVIDENCE_A},
	routeListVendorLeads: {Method: http.MethodGet, Path: "/inbox/direct/chats", Evidence: leadmuxv1.Evidence_EVIDENCE_A},
}

// upsert writes one record.
func (a *Adapter) upsert(op string, body leadBody) vendorhttp.Call {
	return vendorhttp.Call{Op: op, Route: routeCreateLead, Header: a.write, Body: body}
}

// listing reads one page of the records that the vendor calls leads: visitors who left contact data or answered a question
// that makes leads.
func (a *Adapter) listing(op string, page int) vendorhttp.Call {
	return vendorhttp.Call{Op: op, Route: routeListVendorLeads, Header: a.list, Query: url.Values{
		"botId": {a.botID}, "customerId": {a.customerID}, "page": {strconv.Itoa(page)}, "type": {"lead"},
	}}
}

// Capabilities lists what the account can do.
func (a *Adapter) Capabilities() []*leadmuxv1.Capability {
	const (
		reads = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
		keyed = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
	)
	return []*leadmuxv1.Capability{
		vendorhttp.Capability(a.client, opCreateLead, keyed, routeListVendorLeads, routeCreateLead),
		vendorhttp.Capability(a.client, opDeferConversation, keyed, routeCreateLead),
		vendorhttp.Capability(a.client, opEndConversation, keyed, routeCreateLead),
		vendorhttp.Capability(a.client, opListChats, reads, routeListVendorLeads),
		vendorhttp.Capability(a.client, opListVendorLeads, reads, routeListVendorLeads),
		vendorhttp.Capability(a.client, opOptOutLead, keyed, routeCreateLead), // and the listing, where arrays are replaced
		vendorhttp.Capability(a.client, opStopConversation, keyed, routeCreateLead),
		vendorhttp.Capability(a.client, opTestAccount, reads, routeListVendorLeads, routeCreateLead),
		vendorhttp.Capability(a.client, opUpdateChat, keyed, routeListVendorLeads, routeCreateLead),
		vendorhttp.Capability(a.client, opUpdateLead, keyed, routeListVendorLeads, routeCreateLead),
	}
}
