package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// forwardsOfAgentImports are the operations on many users at once: 12 to 18 of the vendor's list, which are for an API user's token
// only.
func forwardsOfAgentImports() vendorhttp.Forwards {
	job := func(f vendorhttp.Forward) vendorhttp.Forward {
		f.Reply = "agent_import"
		f.Names = map[string]string{
			"job_id": "id", "state": "status", "file_name": "filename", "create_time": "created_at", "start_time": "process_requested_at",
		}
		return f
	}
	return vendorhttp.Forwards{
		"GetAgentImportTemplate": {Route: stated(http.MethodGet, "/bulk/users/template"), File: true},
		"CreateAgentImport":      job(vendorhttp.Forward{Route: stated(http.MethodPost, "/bulk/users/upload"), Form: true}),
		"ReplaceAgentImportFile": job(vendorhttp.Forward{Route: stated(http.MethodPut, "/bulk/users/upload", varJob), Form: true}),
		"StartAgentImport":       job(vendorhttp.Forward{Route: stated(http.MethodPost, "/bulk/users/proceed", varJob)}),
		// The Link of an upload's answer is spelled otherwise, users_jobs; this is what the vendor's page says to ask.
		"GetAgentImport":              job(vendorhttp.Forward{Route: stated(http.MethodGet, "/bulk/users/jobs/{job_id}")}),
		"ListAgentImportSchemeErrors": {Route: stated(http.MethodGet, "/bulk/users/errors/scheme/{job_id}"), Reply: "errors"},
		"ListAgentImportUpdateErrors": {Route: stated(http.MethodGet, "/bulk/users/errors/update/{job_id}"), Reply: "errors"},
	}
}
