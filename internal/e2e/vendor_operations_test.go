package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// vendorOperation is one operation of a vendor's documents, by its number there, with the RPC that does it. Several operations of one
// RPC are told apart by what distinguishes them.
type vendorOperation struct {
	vendor, number, what, rpc string
}

// vendorOperations are all of them: the table of docs/OPERATIONS.md.
var vendorOperations = slices.Concat(
	ofVendor(harness.UJET, 1, [][2]string{
		{"outbound call by number", "CreateCall"}, {"outbound call by ticket", "CreateCall"}, {"incoming call", "CreateCall"},
		{"scheduled call", "CreateCall"}, {"update a call's end user", "UpdateCallEndUser"},
		{"update a call's customer flags", "UpdateCallCustomerFlags"}, {"replace a call's customer flags", "ReplaceCallCustomerFlags"},
		{"read a call's customer flags", "GetCallCustomerFlags"}, {"outbound text message", "SendSms"},
		{"estimated wait times", "ListWaitTimes"}, {"contact data", "PushCallContactData"},
		{"bulk users: template", "GetAgentImportTemplate"}, {"bulk users: upload", "CreateAgentImport"},
		{"bulk users: upload again", "ReplaceAgentImportFile"}, {"bulk users: proceed", "StartAgentImport"},
		{"bulk users: job", "GetAgentImport"}, {"bulk users: scheme errors", "ListAgentImportSchemeErrors"},
		{"bulk users: update errors", "ListAgentImportUpdateErrors"}, {"campaign: add a contact", "AddCampaignContact"},
		{"campaign: list contacts", "ListCampaignContacts"}, {"campaign: import contacts", "ImportCampaignContacts"},
		{"campaign: import job", "GetCampaignImport"}, {"campaign: update a contact", "UpdateCampaignContact"},
		{"campaign: remove a contact", "RemoveCampaignContact"}, {"campaign: list import jobs", "ListCampaignImports"},
		{"agent status: update", "UpdateAgentStatuses"}, {"agent status: force logout", "ForceLogoutAgents"},
		{"agent status: read", "GetAgentStatuses"}, {"agent status: logout job", "GetForceLogoutJob"},
		{"end user: create or update", "UpsertEndUser"}, {"end user: read", "GetEndUser"}, {"update a chat", "UpdateChat"},
		{"resume a chat", "ResumeChat"}, {"send a message", "SendChatMessage"}, {"escalate a chat", "EscalateChat"},
		{"update an escalation", "UpdateChatEscalation"}, {"add photos", "AddChatPhotos"}, {"list photos", "ListChatPhotos"},
		{"upload URL of a photo", "CreateChatPhotoUpload"}, {"add a video", "AddChatVideo"}, {"list videos", "ListChatVideos"},
		{"upload URL of a video", "CreateChatVideoUpload"}, {"start a chat", "CreateChat"}, {"read a chat", "GetChat"},
		{"read a chat's messages", "ListChatMessages"}, {"update a chat's customer flags", "UpdateChatCustomerFlags"},
		{"replace a chat's customer flags", "ReplaceChatCustomerFlags"}, {"custom data of a chat", "SetChatCustomData"},
		{"update a chat's end user", "UpdateChatEndUser"}, {"company DNC: add", "AddDoNotCallNumbers"},
		{"company DNC: remove", "RemoveDoNotCallNumbers"}, {"company DNC: check", "CheckDoNotCallNumber"},
		{"queue availability", "GetQueueAvailability"}, {"queue settings: download a version", "DownloadQueueSettings"},
		{"queue settings: export", "ExportQueueSettings"}, {"queue settings: list versions", "ListQueueSettingsVersions"},
		{"queue settings: read a version", "GetQueueSettingsVersion"}, {"queue settings: import", "ImportQueueSettings"},
		{"queue settings: save a version", "SaveQueueSettings"}, {"queue settings: restore a version", "RestoreQueueSettings"},
		{"contact list: create", "CreateContactList"}, {"contact list: update", "UpdateContactList"},
		{"contact list: delete", "DeleteContactList"}, {"contact list: add a record", "AddContactListEntry"},
		{"contact list: update a record", "UpdateContactListEntry"}, {"contact list: delete a record", "DeleteContactListEntry"},
		{"queue operation status", "GetQueueOperationStatus"}, {"list users", "ListAgents"}, {"custom data of a call", "SetCallCustomData"},
	}),
	ofVendor(harness.Verse, 1, [][2]string{
		{"create lead", "CreateLead"}, {"end conversation", "EndConversation"}, {"stop conversation", "StopConversation"},
		{"opt out", "OptOutLead"}, {"create a webhook subscription", "CreateVendorWebhook"},
		{"list webhook subscriptions", "ListVendorWebhooks"}, {"delete a webhook subscription", "DeleteVendorWebhook"},
	}),
	ofVendor(harness.Conversica, 1, [][2]string{
		{"lead object: create", "CreateLead"}, {"lead object: update", "UpdateLead"},
		{"lead object: stop messaging, qualified", "EndConversation"}, {"lead object: stop messaging", "StopConversation"},
		{"lead object: skip to follow-up", "DeferConversation"}, {"lead object: opt out", "OptOutLead"},
	}),
	ofVendor(harness.Convertalk, 1, [][2]string{
		{"PUT lead: create or update", "CreateLead"}, {"PUT lead: update", "UpdateLead"}, {"PUT lead: close, qualified", "EndConversation"},
		{"PUT lead: close", "StopConversation"}, {"PUT lead: hold", "DeferConversation"}, {"PUT lead: opt out", "OptOutLead"},
		{"PUT lead: a chat", "UpdateChat"}, {"GET chats: leads", "ListVendorLeads"}, {"GET chats: others", "ListChats"},
	}),
)

// ofVendor numbers operations.
func ofVendor(vendor string, first int, all [][2]string) []vendorOperation {
	var numbered []vendorOperation
	for i, one := range all {
		numbered = append(numbered, vendorOperation{vendor, fmt.Sprint(first + i), one[0], one[1]})
	}
	return numbered
}

// otherFixtures are fixtures of another form, with the test that plays them.
var otherFixtures = map[cell][2]string{
	{"ListVendorLeads", harness.Convertalk}: {"listing/documented.json", "TestListings"},
}

// TestVendorOperations holds docs/OPERATIONS.md to the schema, to what the service says of its accounts, and to the fixtures: every
// operation of every vendor has an RPC, a REST path, a route, a fixture and the test that plays it.
func TestVendorOperations(t *testing.T) {
	t.Parallel()
	said := allCapabilities(t, suite.Start(t, harness.Options{}))
	fixtures := allFixtures(t)
	var rows strings.Builder
	for _, op := range vendorOperations {
		rows.WriteString("| " + strings.Join(op.row(t, said, fixtures), " | ") + " |\n")
	}
	document(t, "../../docs/OPERATIONS.md",
		"| vendor | no. | operation | RPC | REST | vendor's request | evidence | fixture | played by |\n"+
			"| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", rows.String())
}

func (op vendorOperation) row(t *testing.T, said map[cell]*leadmuxv1.Capability, fixtures map[cell][]string) []string {
	t.Helper()
	cells := []string{vendorTitles[op.vendor], op.number, op.what, op.rpc}
	method := adapters.MethodOf(op.rpc)
	if method == nil {
		t.Errorf("%s %s: the API has no %s", op.vendor, op.number, op.rpc)
		return cells
	}
	verb, path := harness.VerbAndPath(harness.Bindings(method)[0])
	capability := said[cell{op.rpc, op.vendor}]
	if capability == nil {
		t.Errorf("%s %s: the account has no %s", op.vendor, op.number, op.rpc)
		return cells
	}
	fixture, played := op.fixture(fixtures), "TestFixtures"
	if strings.HasPrefix(fixture, "forward/") {
		played = "TestForwards"
	}
	if other, ok := otherFixtures[cell{op.rpc, op.vendor}]; ok {
		fixture, played = other[0], other[1]
	}
	if fixture == "" {
		t.Errorf("%s %s (%s) has no fixture", op.vendor, op.number, op.rpc)
	}
	return append(cells, "`"+verb+" "+path+"`", "`"+strings.ReplaceAll(capability.GetRoute(), ", ", "`, `")+"`",
		strings.TrimPrefix(capability.GetEvidence().String(), "EVIDENCE_"), "`"+fixture+"`", "`"+played+"`")
}

// fixture is the file that shows the operation: one whose name begins with its number, else the first of its RPC.
func (op vendorOperation) fixture(fixtures map[cell][]string) string {
	files := fixtures[cell{op.rpc, op.vendor}]
	for _, file := range files {
		number, _, _ := strings.Cut(strings.TrimPrefix(file, "forward/"), "_")
		if strings.TrimLeft(number, "0") == op.number {
			return file
		}
	}
	if len(files) == 0 {
		return ""
	}
	return files[0]
}

// allFixtures are the adapters' fixtures, by RPC and vendor, in the order of their names.
func allFixtures(t *testing.T) map[cell][]string {
	t.Helper()
	all := map[cell][]string{}
	for _, vendor := range harness.VendorNames() {
		root := filepath.Join("..", "adapters", vendor, "testdata")
		for _, pattern := range []string{"forward/*.json", "*.json"} {
			files, err := filepath.Glob(filepath.Join(root, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var f struct{ RPC string }
				if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&f); err != nil {
					continue // a file of another kind
				}
				if f.RPC == "" {
					f.RPC = "CreateLead"
				}
				name, err := filepath.Rel(root, file)
				if err != nil {
					t.Fatal(err)
				}
				all[cell{f.RPC, vendor}] = append(all[cell{f.RPC, vendor}], filepath.ToSlash(name))
			}
		}
	}
	return all
}

// allCapabilities are what the service says of its accounts, by cell.
func allCapabilities(t *testing.T, env *harness.Env) map[cell]*leadmuxv1.Capability {
	t.Helper()
	out := &leadmuxv1.ListCapabilitiesResponse{}
	env.Server.Client(harness.GRPC).Must(t, "AccountService.ListCapabilities", &leadmuxv1.ListCapabilitiesRequest{}, out)
	all := map[cell]*leadmuxv1.Capability{}
	for _, c := range out.GetCapabilities() {
		all[cell{c.GetRpc(), c.GetVendor()}] = c
	}
	return all
}
