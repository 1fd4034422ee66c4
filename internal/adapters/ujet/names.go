package ujet

// names are the vendor's names of fields that are other than ours everywhere, as in vendorhttp.Forward; "-" are those that only we
// have.
var names = map[string]string{
	"Call.call_id": "id", "Call.vendor_status": "status", "Call.account": "-", "Call.vendor": "-", "Call.vendor_call_id": "-",
	"Call.accepted": "-", "Call.update_time": "-", "Call.vendor_update_time": "-",
	"Chat.chat_id": "id", "Chat.vendor_status": "status", "Chat.account": "-", "Chat.vendor": "-", "Chat.vendor_chat_id": "-",
	"Chat.update_time": "-", "Chat.vendor_update_time": "-", "Chat.agent": "agent|agent_info", "timeout_time": "timeout_at",

	"create_time": "created_at", "queue_time": "queued_at", "assign_time": "assigned_at", "connect_time": "connected_at",
	"end_time": "ends_at", "schedule_time": "scheduled_at",

	"SessionEndUser.lead_id":        "id",
	"SessionParticipant.lead_id":    "end_user_id",
	"SessionParticipant.duration":   "call_duration|chat_duration",
	"SessionParticipant.end_time":   "ended_at",
	"CustomerFlags.repeat_customer": "repeat_customers|repeat_customer", // the plural is written, the singular read
	"ChatMessage.message_id":        "id",
	"ChatMessage.create_time":       "created_at|timestamp",
	"ChatMedia.media_id":            "media_id|id",
	"ChatMessage.content":           "content|content.text", // the vendor's pages show both forms
	"ChatMessage.media_id":          "media_id|content.media_id",
	"ChatEscalation.escalation_id":  "id",
	"ChatTranscript.messages":       "transcript",
}

// numbers are fields that are text here and integers at the vendor, wherever they stand.
var numbers = []string{
	"campaign_id", "contact_id", "job_id", "agent_ids", "team_ids", "version_id", "contact_list_id", "entry_id",
	"menu_id", "SendSmsRequest.agent_id", "Chat.escalation_id"}
