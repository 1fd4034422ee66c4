package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// forwardsOfDoNotCall are the operations on the company's do-not-call list: 50 to 52 of the vendor's list.
func forwardsOfDoNotCall() vendorhttp.Forwards {
	result := map[string]string{"numbers": "contacts", "expire_time": "expires_at", "outcome": "status"}
	return vendorhttp.Forwards{
		routeAddDoNotCallNumbers:    {Route: routes[routeAddDoNotCallNumbers], Reply: "results", Names: result, Times: doNotCallTime},
		routeRemoveDoNotCallNumbers: {Route: routes[routeRemoveDoNotCallNumbers], Reply: "results|", Names: result},
		"CheckDoNotCallNumber": { // the list itself, asked for one number
			Route: guessed(inferred, http.MethodGet, "/outbound_dialer/dnc"),
			Names: result, Lookup: true,
		},
	}
}

// doNotCallTime is how this list alone writes times.
const doNotCallTime = "2006-01-02 15:04:05 UTC"
