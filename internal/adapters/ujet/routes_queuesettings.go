package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// forwardsOfQueueSettings are the operations on saved settings: 54 to 60 of the vendor's list, which names their parameters and no path.
func forwardsOfQueueSettings() vendorhttp.Forwards {
	version := map[string]string{
		"version_id": "id", "type": "type|action", "file_name": "file_name|filename", "create_time": "created_at", "update_time": "updated_at",
	}
	job := map[string]string{"version_id": "id", "job_id": "job_id|id"}
	holds := []string{"export_audio_files", "export_attached_files"} // required, and false is a value
	return vendorhttp.Forwards{
		"DownloadQueueSettings":     {Route: guessed(assumed, http.MethodGet, "/version_histories/{version_id}/download"), File: true},
		"ExportQueueSettings":       {Route: guessed(assumed, http.MethodGet, "/queues/export"), File: true, Always: holds},
		"ListQueueSettingsVersions": {Route: guessed(assumed, http.MethodGet, "/version_histories"), Reply: "versions", Names: version},
		"GetQueueSettingsVersion":   {Route: guessed(assumed, http.MethodGet, "/version_histories/{version_id}"), Reply: "version", Names: version},
		"ImportQueueSettings":       {Route: guessed(assumed, http.MethodPost, "/queues/import"), Form: true, Reply: "job", Names: job},
		"SaveQueueSettings":         {Route: guessed(assumed, http.MethodPost, "/version_histories/auto_saved"), Reply: "version", Names: version, Always: holds},
		"RestoreQueueSettings":      {Route: guessed(assumed, http.MethodPost, "/version_histories/restore"), Reply: "job", Names: job},
	}
}
