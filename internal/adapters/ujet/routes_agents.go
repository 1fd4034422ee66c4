package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// agentFilters are the fields of ListAgents that pick agents; the vendor takes no paging beside one.
var agentFilters = []string{
	"agent_ids", "agent_numbers", "status_ids", "online", "wrap_up", "locations", "emails",
	"last_login_after", "last_login_before", "status_updated_after", "status_updated_before",
}

// forwardsOfAgents are the operations on users and on what they are doing: 68 and 26 to 29 of the vendor's list.
func forwardsOfAgents() vendorhttp.Forwards {
	named := []string{"agent_ids", "team_ids"} // the vendor requires both, empty where there is none
	return vendorhttp.Forwards{
		"ListAgents": {
			Route: guessed(inferred, http.MethodGet, "/users"), // the users' section names no path
			Reply: "agents",
			Names: map[string]string{
				"agent_ids": "id[]", "agent_numbers": "agent_number[]", "status_ids": "status_id[]", "online": "online[]",
				"wrap_up": "wrap_up[]", "locations": "location[]", "emails": "email[]",
				"last_login_after": "last_login_time[from]", "last_login_before": "last_login_time[to]",
				"status_updated_after": "status_updated_at[from]", "status_updated_before": "status_updated_at[to]",
				"Agent.agent_id": "id", "deactivate_time": "deactivated_at",
			},
			Pages: &vendorhttp.Pages{Number: "page", Size: "per", Default: pageSize, Max: maxPage, Not: agentFilters},
		},
		"UpdateAgentStatuses": {
			Route: stated(http.MethodPost, "/agent_statuses"), Reply: "results", Always: named,
			Names: map[string]string{"AgentStatusResult.error": "message"},
		},
		"ForceLogoutAgents": {
			Route: stated(http.MethodPost, "/agent_statuses/force_logout"), Reply: "results|job",
			Names: map[string]string{"ip_addresses": "ip_addrs", "AgentStatusResult.error": "message", "job_id": "job_id|id", "state": "status"},
		},
		"GetAgentStatuses": { // the release notes speak of two endpoints, and POST is the other one's
			Route: guessed(inferred, http.MethodGet, "/agent_statuses"),
			Body:  true, Reply: "statuses", Always: named,
			Names: map[string]string{"AgentStatus.agent_id": "agent_id|id", "AgentStatus.status": "status|current_status", "ip_address": "ip_address|ip_addr"},
		},
		"GetForceLogoutJob": { // as jobs of other collections
			Route: guessed(inferred, http.MethodGet, "/agent_statuses/force_logout/jobs/{job_id}"),
			Reply: "job",
			Names: map[string]string{"job_id": "job_id|id", "state": "status", "results": "results|agents", "AgentStatusResult.error": "message"},
		},
	}
}

// Sizes of the vendor's pages: what is asked for where the caller says nothing, and the largest that it takes.
const (
	pageSize = 50
	maxPage  = 1000
)
