package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// The vendor's words for the kinds of call. Its documents have older ones too, which it calls deprecated.
const (
	typeOutbound  = "Voice Outbound (API)"
	typeInbound   = "Voice Inbound (API)"
	typeScheduled = "Voice Scheduled (API)"
)

// forwardsOfCalls are the operations on calls: 1 to 8, 11 and 69 of the vendor's list.
func forwardsOfCalls() vendorhttp.Forwards {
	const flags = "/calls/{call_id}/customer_flag"
	return vendorhttp.Forwards{
		"CreateCall": {
			Route: stated(http.MethodPost, "/calls"), Send: "form", Reply: "call", Accepted: "accepted",
			Fixed: map[string]map[string]string{
				"outbound_by_number": {"call_type": typeOutbound}, "outbound_by_ticket": {"call_type": typeOutbound},
				"inbound": {"call_type": typeInbound}, "scheduled": {"call_type": typeScheduled},
			},
			Names: map[string]string{"parent_call_id": "call_id", "ScheduledCall.outbound_number": "-"}, // the page of this form has none
		},
		"UpdateCallEndUser":        {Route: stated(http.MethodPost, "/calls/{call_id}/end_user")},
		"UpdateCallCustomerFlags":  {Route: stated(http.MethodPatch, flags), Send: "customer_flags", Reply: "customer_flags"},
		"ReplaceCallCustomerFlags": {Route: guessed(inferred, http.MethodPut, flags), Send: "customer_flags", Reply: "customer_flags"},
		"GetCallCustomerFlags":     {Route: stated(http.MethodGet, flags), Reply: "customer_flags"},
		"SetCallCustomData":        {Route: guessed(inferred, http.MethodPost, "/calls/{call_id}/custom_data")},
		"PushCallContactData":      {Route: stated(http.MethodPost, "/crm/contact_data"), Texts: []string{"call_id"}},
	}
}
