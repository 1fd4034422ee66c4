package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// elsewhere are fields of a chat that another vendor has and this one does not.
var elsewhere = map[string]string{
	"assignee": "-", "notes": "-", "tags": "-", "attributes": "-", "picture": "-",
	"finished_by_lead_id": "finished_by_user_id",
}

// forwardsOfChats are the operations on chats and text messages: 9 and 32 to 49 of the vendor's list.
func forwardsOfChats() vendorhttp.Forwards {
	const (
		chat        = "/chats/{chat_id}"
		escalations = chat + "/escalations"
		flags       = chat + "/customer_flag"
	)
	return vendorhttp.Forwards{
		"SendSms": {
			Route: stated(http.MethodPost, "/sms"), Reply: "chat",
			Fixed: map[string]map[string]string{"": {"chat_type": "Messaging (SMS)"}},
			Names: map[string]string{"agent_id": "agentId", "agent_email": "agentEmail"},
		},
		"CreateChat":               {Route: stated(http.MethodPost, "/chats"), Reply: "chat", Names: map[string]string{"NewChat.lead_id": "end_user_id"}},
		"GetChat":                  {Route: guessed(inferred, http.MethodGet, chat), Reply: "chat"},
		"UpdateChat":               {Route: stated(http.MethodPatch, "/chats/{chat.chat_id}"), Reply: "chat", Names: elsewhere},
		"ResumeChat":               {Route: stated(http.MethodPost, chat+"/resume"), Reply: "chat"},
		"SendChatMessage":          {Route: stated(http.MethodPost, chat+"/message"), Reply: "message", Names: map[string]string{"from_lead_id": "from_user_id"}},
		"ListChatMessages":         {Route: guessed(assumed, http.MethodGet, chat+"/messages"), Reply: "messages"},
		"EscalateChat":             {Route: guessed(follows, http.MethodPost, escalations), Reply: "escalation"},
		"UpdateChatEscalation":     {Route: stated(http.MethodPatch, escalations+"/{escalation_id}"), Send: "escalation", Reply: "escalation"},
		"AddChatPhotos":            {Route: stated(http.MethodPost, chat+"/photos"), Reply: "photos", Names: map[string]string{"AddChatPhotosRequest.photos": "photo"}},
		"ListChatPhotos":           {Route: guessed(follows, http.MethodGet, chat+"/photos"), Reply: "photos"},
		"CreateChatPhotoUpload":    {Route: stated(http.MethodPost, chat+"/photos/upload"), Reply: "upload"},
		"AddChatVideo":             {Route: stated(http.MethodPost, chat+"/videos"), Reply: "video"},
		"ListChatVideos":           {Route: guessed(follows, http.MethodGet, chat+"/videos"), Reply: "videos"},
		"CreateChatVideoUpload":    {Route: stated(http.MethodPost, chat+"/videos/upload"), Reply: "upload"},
		"UpdateChatCustomerFlags":  {Route: guessed(follows, http.MethodPatch, flags), Send: "customer_flags", Reply: "customer_flags"},
		"ReplaceChatCustomerFlags": {Route: guessed(inferred, http.MethodPut, flags), Send: "customer_flags", Reply: "customer_flags"},
		"SetChatCustomData":        {Route: guessed(inferred, http.MethodPost, chat+"/custom_data")},
		"UpdateChatEndUser":        {Route: stated(http.MethodPost, chat+"/end_user")},
	}
}
