package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// forwardsOfDoNotCall are the operations on the company's do-not-call list: 50 to 52 of the vendor's list.
func forwardsOfDoNotCall() vendorhttp.Forwards {
	result := map[string]string{"numbers": "contacts", "expire_time": "expires_at", "outcome": "status"}
	return vendorhttp.Forwards{
		"AddDoNotCallNumbers":    {Route: stated(http.MethodPost, "/outbound_dialer/dnc"), Reply: "results", Names: result, Times: doNotCallTime},
		"RemoveDoNotCallNumbers": {Route: vendorhttp.Route{Method: http.MethodPost, Path: "/outbound_dialer/dnc/remove", Evidence: follows}, Reply: "results|", Names: result},
		"CheckDoNotCallNumber": { // the list itself, asked for one number
			Route: vendorhttp.Route{Method: http.MethodGet, Path: "/outbound_dialer/dnc", Evidence: inferred},
			Names: result, Lookup: true,
		},
	}
}

// doNotCallTime is how this list alone writes times.
const doNotCallTime = "2006-01-02 15:04:05 UTC"
