package e2e_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// badInput is a request that must be refused here, by our name of the field, before anything is sent.
type badInput struct {
	name, method, field string
	body                string // JSON; the account is added
}

// many is a JSON list of n different texts.
func many(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("%q", fmt.Sprint(i+1))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// file is the content of a file as it stands in a request.
func file(content string) string {
	raw, _ := json.Marshal(base64.StdEncoding.EncodeToString([]byte(content))) //nolint:errchkjson // text is always JSON
	return string(raw)
}

const agentRow = `{"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"`

var badInputs = []badInput{
	{"two kinds of filter", "AgentService.ListAgents", "locations", `{"agentIds": ["1"], "locations": ["Oslo"]}`},
	{"filter with page size", "AgentService.ListAgents", "page_size", `{"online": true, "pageSize": 10}`},
	{"filter with page token", "AgentService.ListAgents", "page_token", `{"online": true, "pageToken": "x"}`},
	{"1001 values", "AgentService.ListAgents", "agent_ids", `{"agentIds": ` + many(1001) + `}`},
	{"page too large", "AgentService.ListAgents", "page_size", `{"pageSize": 1001}`},
	{"time before its beginning", "AgentService.ListAgents", "last_login_before", `{"lastLoginAfter": "2026-02-01T00:00:00Z", "lastLoginBefore": "2026-01-01T00:00:00Z"}`},
	{"no address", "AgentService.ListAgents", "emails[1]", `{"emails": ["ada@example.com", "Ada"]}`},
	{"nobody", "AgentService.UpdateAgentStatuses", "agent_ids", `{"status": "Lunch"}`},
	{"no status", "AgentService.UpdateAgentStatuses", "status", `{"agentIds": ["1"]}`},
	{"agent that is no number", "AgentService.UpdateAgentStatuses", "agent_ids[0]", `{"status": "Lunch", "agentIds": ["ada"]}`},
	{"nobody asked for", "AgentService.GetAgentStatuses", "agent_ids", `{}`},
	{"nobody to sign out", "AgentService.ForceLogoutAgents", "agent_ids", `{}`},
	{"no network", "AgentService.ForceLogoutAgents", "ip_addresses[1]", `{"ipAddresses": ["192.0.2.0/24", "192.0.2.0/99"]}`},
	{"range backwards", "AgentService.ForceLogoutAgents", "ip_addresses[0]", `{"ipAddresses": ["192.0.2.9-192.0.2.1"]}`},
	{"job that is no number", "AgentService.GetForceLogoutJob", "job_id", `{"jobId": "last"}`},

	{"no identifier", "EndUserService.UpsertEndUser", "end_user.identifier", `{"endUser": {"name": "Ada"}}`},
	{"no phone", "EndUserService.UpsertEndUser", "end_user.phone", `{"endUser": {"identifier": "x", "phone": "12"}}`},
	{"neither ID", "EndUserService.GetEndUser", "id", `{}`},
	{"both IDs", "EndUserService.GetEndUser", "id", `{"id": "lead_00000000000000000000000000", "identifier": "x"}`},
	{"a vendor's ID", "EndUserService.GetEndUser", "id", `{"id": "7731"}`},

	{"wrong menu type", "QueueService.ListWaitTimes", "menu_type", `{"lang": "en", "menuType": "phone_menu"}`},
	{"wrong channel", "QueueService.ListWaitTimes", "channel_type", `{"lang": "en", "channelType": "call"}`},
	{"no language", "QueueService.ListWaitTimes", "lang", `{"lang": "English"}`},
	{"wait backwards", "QueueService.ListWaitTimes", "wait_to", `{"lang": "en", "waitFrom": 5, "waitTo": 4}`},
	{"negative wait", "QueueService.ListWaitTimes", "wait_from", `{"lang": "en", "waitFrom": -1}`},
	{"wrong channel of a queue", "QueueService.GetQueueAvailability", "channel_type", `{"menuId": "1", "lang": "en", "channelType": "voice_call"}`},
	{"no queue", "QueueService.GetQueueOperationStatus", "menu_id", `{"lang": "en", "channelType": "call"}`},

	{"version that is no number", "QueueSettingsService.GetQueueSettingsVersion", "version_id", `{"versionId": "latest"}`},
	{"download of no number", "QueueSettingsService.DownloadQueueSettings", "version_id", `{"versionId": "latest"}`},
	{"no user", "QueueSettingsService.ImportQueueSettings", "email", `{"data": ` + file("{}") + `}`},
	{"wrong kind of file", "QueueSettingsService.ImportQueueSettings", "file_name", `{"email": "ada@example.com", "fileName": "a.csv", "data": ` + file("x") + `}`},
	{"empty file", "QueueSettingsService.ImportQueueSettings", "data", `{"email": "ada@example.com"}`},
	{"revision that is none", "QueueSettingsService.RestoreQueueSettings", "revision", `{"email": "ada@example.com", "revision": "7"}`},
	{"no user to restore", "QueueSettingsService.RestoreQueueSettings", "email", `{"versionId": "1"}`},

	{"no phone to call", "CampaignService.AddCampaignContact", "contact.phone_number", `{"campaignId": "1", "contact": {"name": "Ada"}}`},
	{"phone that is none", "CampaignService.AddCampaignContact", "contact.phone_number", `{"campaignId": "1", "contact": {"phoneNumber": "0"}}`},
	{"campaign that is no number", "CampaignService.AddCampaignContact", "campaign_id", `{"campaignId": "spring", "contact": {"phoneNumber": "+14155550142"}}`},
	{"two IDs", "CampaignService.AddCampaignContact", "contact.unique_id", `{"campaignId": "1", "contact": {"phoneNumber": "+14155550142", "leadId": "lead_00000000000000000000000000", "uniqueId": "x"}}`},
	{"nothing to change", "CampaignService.UpdateCampaignContact", "contact", `{"campaignId": "1", "contact": {"contactId": "7"}}`},
	{"what cannot be changed", "CampaignService.UpdateCampaignContact", "contact.outbound_number", `{"campaignId": "1", "contact": {"contactId": "7", "outboundNumber": "+14155550142"}}`},
	{"row without phone", "CampaignService.ImportCampaignContacts", "data[1].phone_number", `{"campaignId": "1", "data": ` + file(`[{"phone_number": "+14155550142"}, {"name": "Ada"}]`) + `}`},
	{"row twice", "CampaignService.ImportCampaignContacts", "data[1].phone_number", `{"campaignId": "1", "data": ` + file(`[{"phone_number": "+14155550142"}, {"phone_number": "+1 415 555 0142"}]`) + `}`},
	{"file that is no JSON", "CampaignService.ImportCampaignContacts", "data", `{"campaignId": "1", "data": ` + file("phone\n+14155550142") + `}`},

	{"row without a name", "AgentImportService.CreateAgentImport", "data[0].last_name", `{"data": ` + file(`[{"email": "ada@example.com", "first_name": "Ada"}]`) + `}`},
	{"address twice", "AgentImportService.CreateAgentImport", "data[1].email", `{"data": ` + file("["+agentRow+"},"+strings.Replace(agentRow, "ada@", "ADA@", 1)+"}]") + `}`},
	{"wrong status", "AgentImportService.CreateAgentImport", "data[0].status", `{"data": ` + file("["+agentRow+`, "status": "active"}]`) + `}`},
	{"wrong flag", "AgentImportService.CreateAgentImport", "data[0].max_chat_limit_enabled", `{"data": ` + file("["+agentRow+`, "max_chat_limit_enabled": 2}]`) + `}`},
	{"wrong roles", "AgentImportService.CreateAgentImport", "data[0].roles", `{"data": ` + file("["+agentRow+`, "roles": [{"name": "Agent", "value": "yes"}]}]`) + `}`},
	{"no rows", "AgentImportService.ReplaceAgentImportFile", "data", `{"jobId": "1", "data": ` + file("[]") + `}`},
	{"import that is no number", "AgentImportService.GetAgentImport", "job_id", `{"jobId": "x"}`},

	{"number that is none", "DoNotCallService.AddDoNotCallNumbers", "numbers[1].phone_number", `{"numbers": [{"phoneNumber": "+14155550142"}, {"phoneNumber": "no"}]}`},
	{"number twice", "DoNotCallService.AddDoNotCallNumbers", "numbers[1].phone_number", `{"numbers": [{"phoneNumber": "+14155550142"}, {"phoneNumber": "(415) 555-0142"}]}`},
	{"time past", "DoNotCallService.AddDoNotCallNumbers", "numbers[0].expire_time", `{"numbers": [{"phoneNumber": "+14155550142", "expireTime": "2020-01-01T00:00:00Z"}]}`},
	{"none", "DoNotCallService.AddDoNotCallNumbers", "numbers", `{}`},
	{"number to remove that is none", "DoNotCallService.RemoveDoNotCallNumbers", "phone_numbers[0]", `{"phoneNumbers": ["0"]}`},
	{"number to check that is none", "DoNotCallService.CheckDoNotCallNumber", "phone_number", `{"phoneNumber": "0"}`},

	{"list without name", "ContactListService.CreateContactList", "contact_list.name", `{"contactList": {}}`},
	{"list without change", "ContactListService.UpdateContactList", "contact_list", `{"contactList": {"contactListId": "3"}}`},
	{"list that is no number", "ContactListService.DeleteContactList", "contact_list_id", `{"contactListId": "x"}`},
	{"entry without phone", "ContactListService.AddContactListEntry", "entry.phone_number", `{"contactListId": "3", "entry": {"name": "Ada"}}`},
	{"entry that is cleared", "ContactListService.UpdateContactListEntry", "entry.name", `{"contactListId": "3", "entry": {"entryId": "8"}, "updateMask": "name"}`},
	{"entry that is no number", "ContactListService.DeleteContactListEntry", "entry_id", `{"contactListId": "3", "entryId": "x"}`},

	{"menu of a wrong type", "CallService.CreateCall", "inbound.menu_type", `{"inbound": {"menuId": "11", "menuType": "phone_menu", "endUserNumber": "+14155550142"}}`},
	{"IVR menu", "CallService.CreateCall", "scheduled.menu_type", `{"scheduled": {"menuId": "11", "menuType": "ivr_menu", "endUserNumber": "+14155550142", "scheduledAt": "2099-01-01T00:00:00Z"}}`},
	{"past time", "CallService.CreateCall", "scheduled.scheduled_at", `{"scheduled": {"menuId": "12", "endUserNumber": "+14155550142", "scheduledAt": "2020-01-01T00:00:00Z"}}`},
	{"no time", "CallService.CreateCall", "scheduled.scheduled_at", `{"scheduled": {"menuId": "12", "endUserNumber": "+14155550142"}}`},
	{"no queue", "CallService.CreateCall", "scheduled.menu_id", `{"scheduled": {"endUserNumber": "+14155550142", "scheduledAt": "2099-01-01T00:00:00Z"}}`},
	{"number of the account", "CallService.CreateCall", "scheduled.outbound_number", `{"scheduled": {"menuId": "12", "endUserNumber": "+14155550142", "outboundNumber": "+14155550110", "scheduledAt": "2099-01-01T00:00:00Z"}}`},
	{"number and ticket", "CallService.CreateCall", "inbound.end_user_number", `{"inbound": {"menuId": "11", "endUserNumber": "+14155550142", "ticketId": "T-1001"}}`},
	{"queue that is no number", "CallService.CreateCall", "outbound_by_number.menu_id", `{"outboundByNumber": {"agentEmail": "ana@agents.example.com", "endUserNumber": "+14155550142", "menuId": "sales"}}`},
	{"no agent", "CallService.CreateCall", "outbound_by_ticket.agent_email", `{"outboundByTicket": {"ticketId": "T-1001"}}`},
	{"no language", "CallService.CreateCall", "outbound_by_number.lang", `{"outboundByNumber": {"agentEmail": "ana@agents.example.com", "endUserNumber": "+14155550142", "lang": "English"}}`},
	{"phone that is none", "CallService.CreateCall", "outbound_by_number.end_user_number", `{"outboundByNumber": {"agentEmail": "ana@agents.example.com", "endUserNumber": "call me"}}`},
	{"permission that is none", "CallService.CreateCall", "inbound.recording_permission", `{"inbound": {"menuId": "11", "endUserNumber": "+14155550142", "recordingPermission": "granted"}}`},
	{"no form", "CallService.CreateCall", "form", `{}`},
	{"no identifier", "CallService.UpdateCallEndUser", "identifier", `{"callId": "${call}", "name": "Ada"}`},
	{"no flag", "CallService.UpdateCallCustomerFlags", "customer_flags", `{"callId": "${call}", "customerFlags": {}}`},
	{"no data", "CallService.SetCallCustomData", "data", `{"callId": "${call}"}`},
	{"a vendor's ID", "CallService.GetCallCustomerFlags", "call_id", `{"callId": "1"}`},

	{"no phone", "ChatService.SendSms", "end_user_number", `{"endUserNumber": "12", "outboundNumber": "+14155550110", "message": "Hello"}`},
	{"no text", "ChatService.SendSms", "message", `{"endUserNumber": "+14155550142", "outboundNumber": "+14155550110"}`},
	{"two agents", "ChatService.SendSms", "agent_email", `{"endUserNumber": "+14155550142", "outboundNumber": "+14155550110", "message": "Hello", "agentId": "21", "agentEmail": "ana@agents.example.com"}`},
	{"no person", "ChatService.CreateChat", "chat.lead_id", `{"chat": {"menuId": "12"}}`},
	{"transcript of nobody", "ChatService.CreateChat", "chat.transcript.messages[0].sender", `{"chat": {"menuId": "12", "leadId": "${lead}", "transcript": {"messages": [{"sender": "bot", "timestamp": "2026-01-01T00:00:00Z", "content": [{"type": "text", "text": "Hi"}]}]}}}`},
	{"what vendors set", "ChatService.UpdateChat", "chat.lang", `{"chat": {"chatId": "${chat}", "lang": "en"}}`},
	{"what this vendor lacks", "ChatService.UpdateChat", "chat.tags", `{"chat": {"chatId": "${chat}", "tags": ["vip"]}}`},
	{"no change", "ChatService.UpdateChat", "chat", `{"chat": {"chatId": "${chat}"}}`},
	{"photo without a file", "ChatService.SendChatMessage", "message", `{"chatId": "${chat}", "message": {"type": "photo", "content": "x"}}`},
	{"kind that is none", "ChatService.SendChatMessage", "message.type", `{"chatId": "${chat}", "message": {"type": "song", "content": "x"}}`},
	{"no photos", "ChatService.AddChatPhotos", "photos", `{"chatId": "${chat}"}`},
	{"3 MB photo", "ChatService.CreateChatPhotoUpload", "size_bytes", `{"chatId": "${chat}", "contentType": "image/jpeg", "sizeBytes": 3145728}`},
	{"photo of another kind", "ChatService.CreateChatPhotoUpload", "content_type", `{"chatId": "${chat}", "contentType": "image/png"}`},
	{"21 MB video", "ChatService.CreateChatVideoUpload", "size_bytes", `{"chatId": "${chat}", "contentType": "video/mp4", "sizeBytes": 22020096}`},
	{"no channel", "ChatService.UpdateChatEscalation", "escalation.deflection_channel", `{"chatId": "${chat}", "escalation": {"escalationId": "1"}}`},
	{"no flag", "ChatService.UpdateChatCustomerFlags", "customer_flags", `{"chatId": "${chat}", "customerFlags": {}}`},
	{"no identifier", "ChatService.UpdateChatEndUser", "identifier", `{"chatId": "${chat}"}`},
}

// TestContactCentreRefusesBadInput sends what each service must refuse: the error names our field, nothing reaches the vendor, and
// no operation is journalled as sent. A chat that runs is not resumed.
func TestContactCentreRefusesBadInput(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	vendor, client := env.Vendors.Get(harness.UJET), env.Server.Client(harness.GRPC)
	chatID, leadID := centre{env, harness.GRPC}.aChat(t, "crm-1001")
	var call leadmuxv1.CreateCallResponse
	client.Must(t, "CallService.CreateCall", newCall(""), &call)
	named := strings.NewReplacer("${chat}", chatID, "${lead}", leadID, "${call}", call.GetCall().GetCallId())
	sent := len(vendor.Requests(t))
	for _, c := range badInputs {
		for _, via := range harness.Vias() {
			t.Run(c.method+"/"+c.name+"/"+string(via), func(t *testing.T) {
				body := map[string]json.RawMessage{}
				if err := json.Unmarshal([]byte(named.Replace(c.body)), &body); err != nil {
					t.Fatal(err)
				}
				body = maps.Clone(body)
				body["account"] = json.RawMessage(`"` + harness.UJET + `"`)
				raw, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := env.Server.Do(context.Background(), harness.Call{Via: via, Method: c.method, Body: string(raw)})
				if err != nil {
					t.Fatal(err)
				}
				fields := ""
				for _, d := range answer.Refusal().Details {
					for _, v := range d.FieldViolations {
						fields += v.Field + " "
					}
				}
				if answer.Code != codes.InvalidArgument || !strings.HasPrefix(fields, c.field+" ") {
					t.Errorf("%v, fields %s, want %s: %s", answer.Code, fields, c.field, answer.Body)
				}
			})
		}
	}
	for _, via := range harness.Vias() {
		resumed := env.Server.Client(via).Try(t, "ChatService.ResumeChat", &leadmuxv1.ResumeChatRequest{ChatId: chatID})
		if resumed.Code != codes.FailedPrecondition || resumed.Reason() != "VENDOR_WRONG_STATE" {
			t.Errorf("a chat that runs: %v %s", resumed.Code, resumed.Body)
		}
	}
	for _, r := range vendor.Requests(t)[sent:] {
		t.Errorf("%s %s reached the vendor", r.Method, r.Path)
	}
}
