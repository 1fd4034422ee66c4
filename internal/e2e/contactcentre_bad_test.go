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
}

// TestContactCentreRefusesBadInput sends what each service must refuse: the error names our field, nothing reaches the vendor, and
// no operation is journalled as sent.
func TestContactCentreRefusesBadInput(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	vendor := env.Vendors.Get(harness.UJET)
	for _, c := range badInputs {
		for _, via := range harness.Vias() {
			t.Run(c.method+"/"+c.name+"/"+string(via), func(t *testing.T) {
				body := map[string]json.RawMessage{}
				if err := json.Unmarshal([]byte(c.body), &body); err != nil {
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
	if requests := vendor.Requests(t); len(requests) != 0 {
		t.Errorf("%d requests reached the vendor, the first %s %s", len(requests), requests[0].Method, requests[0].Path)
	}
}
