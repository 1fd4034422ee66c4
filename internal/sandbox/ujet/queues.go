package ujet

import (
	"net/http"
)

// queueStatus is whether a queue takes sessions now. The vendor's table spells the flag after_hours,
// its sample after_hour.
type queueStatus struct {
	MenuID       int64  `json:"menu_id"`
	Lang         string `json:"lang"`
	ChannelType  string `json:"channel_type"`
	AfterHour    bool   `json:"after_hour"`
	OverCapacity bool   `json:"overcapacity"`
}

func (e *Emulator) queueRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /queue_operation_statuses", e.serve(e.queueStatus))
	mux.HandleFunc("GET /queues/export", e.serve(e.exportQueues))
	mux.HandleFunc("POST /queues/import", e.serve(e.importQueues))
	mux.HandleFunc("GET /version_histories", e.serve(e.listVersions))
	mux.HandleFunc("GET /version_histories/{id}", e.serve(e.getVersion))
	mux.HandleFunc("GET /version_histories/{id}/download", e.serve(e.downloadVersion))
	mux.HandleFunc("POST /version_histories/auto_saved", e.serve(e.saveVersion))
	mux.HandleFunc("POST /version_histories/restore", e.serve(e.restoreVersion))
}

// queueStatus is GET /queue_operation_statuses, which serves both documented operations of that shape.
// Texts of refusals are assumed, for the most part from calls.
func (e *Emulator) queueStatus(_ http.ResponseWriter, r *http.Request) (reply, error) {
	query := r.URL.Query()
	for _, name := range []string{"menu_id", "lang", "channel_type"} {
		if query.Get(name) == "" {
			return reply{}, missing(name)
		}
	}
	id, err := positive(query, "menu_id")
	if err != nil {
		return reply{}, err
	}
	s := e.settings.Get()
	menu, found := s.Menus[id]
	if !found {
		return reply{}, badRequest("menu_id " + key(id) + " is not found")
	}
	lang, err := s.offered(query.Get("lang"))
	if err != nil {
		return reply{}, err
	}
	channel, err := oneOf(query, "channel_type", "call", "chat")
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, queueStatus{id, lang, channel, menu.State == stateAfterHours, menu.State == stateOverCapacity}}, nil
}
