package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// forwardsOfQueues are the operations on queues, which the vendor calls menus: 10, 53 and 67 of its list.
func forwardsOfQueues() vendorhttp.Forwards {
	status := vendorhttp.Forward{
		Route: stated(http.MethodGet, "/queue_operation_statuses"), Reply: "queue_status",
		Names: map[string]string{"after_hours": "after_hour|after_hours", "over_capacity": "overcapacity"},
	}
	availability := status // the page of 67 has the same parameters and purpose (inferred)
	availability.Evidence = follows
	return vendorhttp.Forwards{
		routeListWaitTimes: {
			Route: routes[routeListWaitTimes], Reply: "wait_times",
			Names: map[string]string{"wait_from": "wait[from]", "wait_to": "wait[to]"},
		},
		"GetQueueAvailability":    availability,
		"GetQueueOperationStatus": status,
	}
}
