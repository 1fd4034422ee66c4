package ujet

import "github.com/leadmux/leadmux/internal/adapters/vendorhttp"

// forwardsOfEndUsers are the operations on end users: 30 and 31 of the vendor's list.
func forwardsOfEndUsers() vendorhttp.Forwards {
	return vendorhttp.Forwards{
		routeUpsertEndUser: {Route: routes[routeUpsertEndUser], Send: "end_user", Reply: "end_user"},
		routeGetEndUser:    {Route: routes[routeGetEndUser], Reply: "end_user", Lookup: true},
	}
}
