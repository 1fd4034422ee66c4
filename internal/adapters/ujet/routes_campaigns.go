package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

const pathJobs = pathContacts + "/jobs"

// forwardsOfCampaigns are the operations on a campaign's contacts: 19 to 25 of the vendor's list.
func forwardsOfCampaigns() vendorhttp.Forwards {
	// A request says external_unique_id, the documented answer unique_id; a public client reads other spellings.
	contact := map[string]string{
		"contact_id": "contact_id|id", "lead_id": "-", "unique_id": "external_unique_id|unique_id", "phone_number": "phone_number|phone",
		"state": "status", "create_time": "created_at", "update_time": "updated_at",
	}
	job := map[string]string{"CampaignImport.job_id": "job_id|id", "state": "status", "create_time": "created_at"}
	// No document shows pages of these lists; they would be those of the list of agent imports.
	pages := &vendorhttp.Pages{Number: "page", Size: "per_page", Max: maxPage}
	return vendorhttp.Forwards{
		routeAddCampaignContact:    {Route: routes[routeAddCampaignContact], Send: "contact", Reply: "contact", Names: contact},
		routeListCampaignContacts:  {Route: routes[routeListCampaignContacts], Reply: "contacts", Names: contact, Pages: pages},
		"ImportCampaignContacts":   {Route: stated(http.MethodPost, pathContacts+"/import"), Form: true, Reply: "campaign_import", Names: job},
		"GetCampaignImport":        {Route: stated(http.MethodGet, pathJobs+"/{job_id}"), Reply: "campaign_import", Names: job},
		routeUpdateCampaignContact: {Route: routes[routeUpdateCampaignContact], Send: "contact", Reply: "contact", Names: contact},
		routeRemoveCampaignContact: {Route: routes[routeRemoveCampaignContact], Body: true, Names: contact},
		"ListCampaignImports": {
			Route: guessed(assumed, http.MethodGet, pathJobs), // one of seven requests that no page names
			Reply: "campaign_imports", Names: job, Pages: pages,
		},
	}
}
