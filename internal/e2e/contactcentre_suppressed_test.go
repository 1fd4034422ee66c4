package e2e_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// TestP10SuppressedPersonsAreNotContacted asks for everything at the contact centre that would reach a person who opted out, in
// whatever way the person is named: nothing of it reaches the vendor, and nothing is journalled as if it had.
func TestP10SuppressedPersonsAreNotContacted(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		client, vendor := c.env.Server.Client(c.via), c.env.Vendors.Get(harness.UJET)
		lead := client.Create(t, &leadmuxv1.CreateLeadRequest{
			Accounts: []string{harness.UJET}, Lead: &leadmuxv1.Lead{FirstName: "Ada", LastName: "Byron", Phone: "+14155550142", Email: "ada@example.com"},
		})
		client.Reaches(t, lead.GetLeadId(), "ujet=ACTIVE", settled)
		var added struct{ Contact struct{ ContactID string } }
		c.ask(t, "AddCampaignContact", `{"campaignId": "1", "contact": {"phoneNumber": "+14155550143"}}`, &added)
		contact := `{"campaignId": "1", "contact": {"contactId": "` + added.Contact.ContactID + `", "phoneNumber": "415-555-0142"}}`
		var opted leadmuxv1.SuppressResponse
		client.Must(t, "SuppressionService.Suppress", &leadmuxv1.SuppressRequest{LeadId: lead.GetLeadId()}, &opted)
		seen := len(vendor.Requests(t))
		for name, one := range map[string]struct{ rpc, body string }{
			"outbound call":             {"CreateCall", `{"outboundByNumber": {"agentEmail": "ana@agents.example.com", "endUserNumber": "(415) 555-0142"}}`},
			"incoming call":             {"CreateCall", `{"inbound": {"menuId": "11", "endUserNumber": "+14155550142"}}`},
			"scheduled call":            {"CreateCall", `{"scheduled": {"menuId": "12", "endUserNumber": "+14155550142", "scheduledAt": "2099-01-02T03:04:05Z"}}`},
			"text message":              {"SendSms", `{"endUserNumber": "+1 415 555 0142", "outboundNumber": "+14155550110", "message": "Hello"}`},
			"chat":                      {"CreateChat", `{"chat": {"menuId": "12", "leadId": "` + lead.GetLeadId() + `"}}`},
			"contact by number":         {"AddCampaignContact", `{"campaignId": "1", "contact": {"phoneNumber": "+14155550142"}}`},
			"contact by lead":           {"AddCampaignContact", `{"campaignId": "1", "contact": {"phoneNumber": "+14155550149", "leadId": "` + lead.GetLeadId() + `"}}`},
			"contact by address":        {"AddCampaignContact", `{"campaignId": "1", "contact": {"phoneNumber": "+14155550149", "email": "ADA@example.com"}}`},
			"contact that becomes hers": {"UpdateCampaignContact", contact},
			"row of a file":             {"ImportCampaignContacts", `{"campaignId": "1", "data": ` + file(`[{"phone_number": "+14155550150"}, {"phone_number": "+14155550142"}]`) + `}`},
		} {
			answer := c.try(t, one.rpc, one.body)
			if answer.Code != codes.FailedPrecondition || answer.Reason() != "PERSON_SUPPRESSED" {
				t.Errorf("%s: %v %s", name, answer.Code, answer.Body)
			}
			if name == "row of a file" && !strings.Contains(string(answer.Body), "data[1].phone_number") {
				t.Errorf("the error does not say which row: %s", answer.Body)
			}
		}
		for _, r := range vendor.Requests(t)[seen:] {
			if !strings.HasPrefix(r.Path, "/outbound_dialer/dnc") { // the vendor is told of the opt-out
				t.Errorf("%s %s reached the vendor", r.Method, r.Path)
			}
		}
		var page leadmuxv1.ListOperationsResponse
		client.Must(t, "OperationService.ListOperations", &leadmuxv1.ListOperationsRequest{PageSize: 1000}, &page)
		direct := 0
		for _, op := range page.GetOperations() {
			if op.GetDirect() {
				direct++
			}
		}
		if direct != 1 {
			t.Errorf("%d writes are journalled, want the one contact", direct)
		}
		if ok := c.try(t, "SendSms", `{"endUserNumber": "+14155550143", "outboundNumber": "+14155550110", "message": "Hello"}`); ok.Code != codes.OK {
			t.Errorf("somebody else: %v %s", ok.Code, ok.Body)
		}
	})
}

// TestAChatOfSomebodyElse takes over a chat that a person opened at the vendor without us: it gets an ID of ours, and under that it is
// read, written in and ended, also by the next process; the vendor's ID is shown as such and nowhere else.
func TestAChatOfSomebodyElse(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		vendor := c.env.Vendors.Get(harness.UJET)
		var opened struct{ ID int64 }
		vendor.Control(t, "/chats/open", `{"identifier": "a stranger", "menuId": 12, "text": "Hello?"}`, &opened)
		theirs := strconv.FormatInt(opened.ID, 10)
		type chat struct {
			Chat struct {
				ChatID, VendorChatID, Status string
				EndUser                      struct{ LeadID string }
			}
		}
		var linked, got, ended chat
		c.ask(t, "LinkChat", `{"vendorChatId": "`+theirs+`"}`, &linked)
		id := linked.Chat.ChatID
		c.ask(t, "GetChat", `{"chatId": "`+id+`"}`, &got)
		if !strings.HasPrefix(id, "chat_") || got.Chat.ChatID != id || got.Chat.VendorChatID != theirs || !strings.HasPrefix(got.Chat.EndUser.LeadID, "lead_") {
			t.Fatalf("%+v, then %+v", linked, got)
		}
		c.env.Server.Kill9(t)
		c.env.Server.Start(t)
		var found chat
		c.ask(t, "LookupChat", `{"vendorChatId": "`+theirs+`"}`, &found)
		if found.Chat.ChatID != id {
			t.Errorf("after the restart the chat is %q, not %q", found.Chat.ChatID, id)
		}
		c.ask(t, "SendChatMessage", `{"chatId": "`+id+`", "message": {"type": "text", "content": "Good morning"}}`, &struct{}{})
		c.ask(t, "UpdateChat", `{"chat": {"chatId": "`+id+`", "status": "CHAT_STATUS_FINISHED"}, "finishedByLeadId": "`+got.Chat.EndUser.LeadID+`"}`, &ended)
		c.ask(t, "GetChat", `{"chatId": "`+id+`"}`, &ended)
		if ended.Chat.Status != "CHAT_STATUS_FINISHED" || ended.Chat.ChatID != id {
			t.Errorf("%+v", ended)
		}
		var asked []string
		for _, r := range vendor.Requests(t) {
			asked = append(asked, r.Method+" "+r.Path)
		}
		at := "/chats/" + theirs
		if want := []string{"GET " + at, "POST " + at + "/message", "PATCH " + at, "GET " + at}; !slices.Equal(asked, want) {
			t.Errorf("the vendor was asked %v\nwant %v", asked, want)
		}
	})
}
