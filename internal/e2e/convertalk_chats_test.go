package e2e_test

import (
	"maps"
	"testing"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// chatWalk reads Convertalk's chats page by page, and kills the service after each page if it is to. It returns our ID of each by the
// vendor's.
func chatWalk(t *testing.T, env *harness.Env, via harness.Via, kill bool) map[string]*leadmuxv1.Chat {
	t.Helper()
	found := map[string]*leadmuxv1.Chat{}
	for token, pages := "", 0; ; pages++ {
		if pages > 20 {
			t.Fatal("the walk does not end")
		}
		var page leadmuxv1.ListChatsResponse
		env.Server.Client(via).Must(t, "ChatService.ListChats", &leadmuxv1.ListChatsRequest{Account: harness.Convertalk, PageToken: token}, &page)
		for _, chat := range page.GetChats() {
			if found[chat.GetVendorChatId()] != nil {
				t.Errorf("%s comes twice", chat.GetVendorChatId())
			}
			found[chat.GetVendorChatId()] = chat
		}
		if token = page.GetNextPageToken(); token == "" {
			return found
		}
		if kill {
			env.Server.Kill9(t)
			env.Server.Start(t)
		}
	}
}

// TestConvertalksChatsGetOurIDs lists the chats of visitors whom nobody here knew, over a kill -9 after every page: each is there once, under
// an ID of ours that stays, with its lead where the visitor left contact data, and can be changed by that ID.
func TestConvertalksChatsGetOurIDs(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		vendor := env.Vendors.Get(harness.Convertalk)
		vendor.Visit(t, convertalk.Visitor{Name: "Vera Visitor", Email: "vera@example.com", Count: 45})
		vendor.Visit(t, convertalk.Visitor{Message: "Hello?", Count: 23})
		first := chatWalk(t, env, via, true)
		if len(first) != 68 {
			t.Fatalf("%d chats", len(first))
		}
		second := chatWalk(t, env, via, false)
		client := env.Server.Client(via)
		leads := 0
		var one *leadmuxv1.Chat
		for vendorID, chat := range first {
			if second[vendorID].GetChatId() != chat.GetChatId() {
				t.Errorf("%s was %s and is %s", vendorID, chat.GetChatId(), second[vendorID].GetChatId())
			}
			lead := chat.GetEndUser().GetLeadId()
			if (lead != "") != (chat.GetContactType() == "lead") {
				t.Errorf("%v", chat)
			}
			if lead != "" {
				leads, one = leads+1, chat
			}
		}
		if leads != 45 {
			t.Errorf("%d of the chats have a lead", leads)
		}
		if by := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: harness.Convertalk, VendorLeadId: one.GetVendorChatId()}); by != one.GetEndUser().GetLeadId() {
			t.Errorf("the lead is %s, and by the vendor's ID %s", one.GetEndUser().GetLeadId(), by)
		}
		changeChat(t, env, via, one)
	})
}

// changeChat closes a chat by our ID, whose first answer is lost, and finds it closed at Convertalk and here.
func changeChat(t *testing.T, env *harness.Env, via harness.Via, chat *leadmuxv1.Chat) {
	t.Helper()
	client, vendor := env.Server.Client(via), env.Vendors.Get(harness.Convertalk)
	vendor.Plan(t, kit.Fault{Method: "PUT", Path: "/inbox/direct/lead", Drop: true, After: true})
	update := &leadmuxv1.UpdateChatRequest{RequestId: "close-1", Chat: &leadmuxv1.Chat{
		ChatId: chat.GetChatId(), Status: leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED, Tags: []string{"done"},
		Notes: []*leadmuxv1.Note{{Title: "Outcome", Description: "Solved"}},
	}}
	if lost := client.Try(t, "ChatService.UpdateChat", update); lost.Code == codes.OK {
		t.Errorf("%v %s", lost.Code, lost.Body)
	}
	var updated leadmuxv1.UpdateChatResponse
	client.Must(t, "ChatService.UpdateChat", update, &updated)
	env.Server.Kill9(t)
	env.Server.Start(t)
	client = env.Server.Client(via)
	var got leadmuxv1.GetChatResponse
	client.Must(t, "ChatService.GetChat", &leadmuxv1.GetChatRequest{ChatId: chat.GetChatId()}, &got)
	if got.GetChat().GetStatus() != leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED || got.GetChat().GetVendorStatus() != "CLOSED" {
		t.Errorf("%v", &got)
	}
	listed := chatWalk(t, env, via, false)[chat.GetVendorChatId()]
	if listed.GetChatId() != chat.GetChatId() || listed.GetVendorStatus() != "CLOSED" || len(listed.GetNotes()) != 1 || len(listed.GetTags()) != 1 {
		t.Errorf("%v", listed)
	}
	if there := vendor.All(t); len(there) != 68 {
		t.Errorf("Convertalk has %d records", len(there))
	}
	for reason, bad := range map[string]*leadmuxv1.Chat{
		"INVALID_FIELD":  {ChatId: chat.GetChatId(), Lang: "en"},
		"VENDOR_REFUSED": {ChatId: chat.GetChatId(), Status: leadmuxv1.ChatStatus_CHAT_STATUS_ASSIGNED},
		"CHAT_NOT_FOUND": {ChatId: "chat_00000000000000000000000000", Status: leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED},
	} {
		if answer := client.Try(t, "ChatService.UpdateChat", &leadmuxv1.UpdateChatRequest{Chat: bad}); answer.Reason() != reason {
			t.Errorf("%s: %v %s", reason, answer.Code, answer.Body)
		}
	}
}

// TestConvertalksChatsByKind lists the chats of those alone who left contact data, and the others.
func TestConvertalksChatsByKind(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	vendor, client := env.Vendors.Get(harness.Convertalk), env.Server.Client(harness.GRPC)
	lead := vendor.Visit(t, convertalk.Visitor{Name: "Vera Visitor", Email: "vera@example.com"})
	other := vendor.Visit(t, convertalk.Visitor{Message: "Hello?"})
	for kind, want := range map[string]string{"lead": lead, "non-lead": other} {
		got := map[string]bool{}
		for token := "first"; token != ""; {
			var page leadmuxv1.ListChatsResponse
			request := &leadmuxv1.ListChatsRequest{Account: harness.Convertalk, ContactType: kind}
			if token != "first" {
				request.PageToken = token
			}
			client.Must(t, "ChatService.ListChats", request, &page)
			for _, chat := range page.GetChats() {
				got[chat.GetVendorChatId()] = true
			}
			token = page.GetNextPageToken()
		}
		if !maps.Equal(got, map[string]bool{want: true}) {
			t.Errorf("%s: %v", kind, got)
		}
	}
	for field, bad := range map[string]*leadmuxv1.ListChatsRequest{
		"contact_type": {Account: harness.Convertalk, ContactType: "visitor"}, "page_token": {Account: harness.Convertalk, PageToken: "lead/2"},
	} {
		if answer := client.Try(t, "ChatService.ListChats", bad); answer.Code != codes.InvalidArgument {
			t.Errorf("%s: %v %s", field, answer.Code, answer.Body)
		}
	}
}
