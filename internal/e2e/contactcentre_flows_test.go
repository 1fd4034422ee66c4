package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// aChat begins a chat with a person and says both by our IDs.
func (c centre) aChat(t *testing.T, identifier string) (chatID, leadID string) {
	t.Helper()
	var user struct{ EndUser struct{ ID string } }
	c.ask(t, "UpsertEndUser", `{"endUser": {"identifier": "`+identifier+`", "name": "Ada Byron"}}`, &user)
	var begun struct{ Chat struct{ ChatID string } }
	c.ask(t, "CreateChat", `{"chat": {"menuId": "12", "leadId": "`+user.EndUser.ID+`", "lang": "en"}}`, &begun)
	return begun.Chat.ChatID, user.EndUser.ID
}

// TestMediaFromUploadToMessage sends a photo and a video as the vendor's documents describe: where to, the file itself, its place in the
// chat, and the message that shows it. What was not uploaded cannot be added.
func TestMediaFromUploadToMessage(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		chatID, _ := c.aChat(t, "crm-1001")
		in := func(rest string) string { return `{"chatId": "` + chatID + `", ` + rest + `}` }
		for _, kind := range []struct{ name, create, add, list, contentType, one, added string }{
			{"photo", "CreateChatPhotoUpload", "AddChatPhotos", "ListChatPhotos", "image/jpeg", `"photos": [{"s3Path": %q}]`, "photos"},
			{"video", "CreateChatVideoUpload", "AddChatVideo", "ListChatVideos", "video/mp4", `"video": {"s3Path": %q}`, "video"},
		} {
			var upload struct {
				Upload struct {
					URL    string
					Fields map[string]string
				}
			}
			c.ask(t, kind.create, in(`"contentType": "`+kind.contentType+`", "sizeBytes": 6`), &upload)
			attach := in(fmt.Sprintf(kind.one, upload.Upload.Fields["key"]))
			if early := c.try(t, kind.add, attach); early.Code == codes.OK {
				t.Errorf("%s was added before it was uploaded: %s", kind.name, early.Body)
			}
			putFile(t, upload.Upload.URL, upload.Upload.Fields, "\xff\xd8\xffabc")
			var added map[string]any
			c.ask(t, kind.add, attach, &added)
			mediaID := fmt.Sprint(find(added, "mediaId"))
			c.ask(t, "SendChatMessage", in(`"message": {"type": "`+kind.name+`", "mediaId": "`+mediaID+`"}`), &struct{}{})
			var listed, messages map[string]any
			c.ask(t, kind.list, `{"chatId": "`+chatID+`"}`, &listed)
			c.ask(t, "ListChatMessages", `{"chatId": "`+chatID+`"}`, &messages)
			if find(listed, "mediaId") != mediaID || !strings.Contains(fmt.Sprint(messages), mediaID) {
				t.Errorf("%s %s: listed %v, messages %v", kind.name, mediaID, listed, messages)
			}
		}
	})
}

// find is the first value of a key in a JSON value, however deep.
func find(value any, key string) any {
	switch value := value.(type) {
	case map[string]any:
		if found, ok := value[key]; ok {
			return found
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if found := find(value[name], key); found != nil {
				return found
			}
		}
	case []any:
		for _, item := range value {
			if found := find(item, key); found != nil {
				return found
			}
		}
	}
	return nil
}

// putFile uploads a file as a caller does: the fields first, then the file.
func putFile(t *testing.T, url string, fields map[string]string, content string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "file")
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatalf("the upload: HTTP %d, %v", answer.StatusCode, err)
	}
}

// TestManyPagesOfTheVendors walks a list of the vendor's behind page tokens of ours, over a restart: every agent once. A token is for
// this list alone.
func TestManyPagesOfTheVendors(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		c.env.Vendors.Get(harness.UJET).Set(t, `{"jobSeconds": 0.01}`)
		c.importAgents(t, 30) // beside the six that are there
		seen, token, pages := map[string]int{}, "", 0
		for {
			var page struct {
				Agents        []struct{ AgentID string }
				NextPageToken string
			}
			c.ask(t, "ListAgents", `{"pageSize": 4, "pageToken": "`+token+`"}`, &page)
			for _, agent := range page.Agents {
				seen[agent.AgentID]++
			}
			if pages++; page.NextPageToken == "" {
				break
			}
			if token = page.NextPageToken; len(token) < 20 || len(page.Agents) != 4 {
				t.Fatalf("page %d has %d agents and the token %q", pages, len(page.Agents), token)
			}
			if pages == 2 {
				if other := c.try(t, "ListCampaignContacts", `{"campaignId": "1", "pageToken": "`+token+`"}`); other.Code != codes.InvalidArgument {
					t.Errorf("the token of another list: %v %s", other.Code, other.Body)
				}
				c.env.Server.Restart(t)
			}
		}
		for id, times := range seen {
			if times != 1 {
				t.Errorf("agent %s was listed %d times", id, times)
			}
		}
		if len(seen) != 36 || pages != 9 {
			t.Errorf("%d agents on %d pages", len(seen), pages)
		}
	})
}

// TestDoNotCallNumbers keeps the company's list: the vendor answers 200 although it refused one of three numbers, and each number says
// what became of it. A listed number is not called.
func TestDoNotCallNumbers(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		c.env.Vendors.Get(harness.UJET).Set(t, `{"invalidNumbers": ["+14155550144"]}`)
		type result struct {
			PhoneNumber, Outcome, Status, ExpireTime string
			Error                                    struct{ Reason, Message, Field string }
		}
		var done struct {
			Results     []result
			FailedCount int
		}
		c.ask(t, "AddDoNotCallNumbers", `{"numbers": [{"phoneNumber": "(415) 555-0142"},
			{"phoneNumber": "+14155550143", "expireTime": "2099-10-01T12:30:00Z"}, {"phoneNumber": "+14155550144"}]}`, &done)
		if len(done.Results) != 3 || done.FailedCount != 1 || done.Results[0].Outcome != "DO_NOT_CALL_OUTCOME_CREATED" ||
			done.Results[1].ExpireTime != "2099-10-01T12:30:00Z" || done.Results[2].Outcome != "DO_NOT_CALL_OUTCOME_FAILED" ||
			done.Results[2].Error.Field != "numbers[2].phone_number" || done.Results[2].Error.Message != "phone_number is invalid" {
			t.Errorf("%+v", done)
		}
		c.ask(t, "AddDoNotCallNumbers", `{"numbers": [{"phoneNumber": "+14155550142"}]}`, &done)
		if len(done.Results) != 1 || done.Results[0].Outcome != "DO_NOT_CALL_OUTCOME_UPDATED" {
			t.Errorf("a second time: %+v", done)
		}
		listed := func(number string) bool {
			var found struct{ Listed bool }
			c.ask(t, "CheckDoNotCallNumber", `{"phoneNumber": "`+number+`"}`, &found)
			return found.Listed
		}
		if !listed("415 555 0142") || !listed("+14155550143") || listed("+14155550144") {
			t.Error("the list does not hold the two numbers, or the third one")
		}
		call := c.try(t, "CreateCall", `{"outboundByNumber": {"agentEmail": "ana@agents.example.com", "endUserNumber": "+14155550142"}}`)
		if call.Code != codes.InvalidArgument || !strings.Contains(string(call.Body), "outbound_by_number.end_user_number") {
			t.Errorf("a call to a listed number: %v %s", call.Code, call.Body)
		}
		c.ask(t, "RemoveDoNotCallNumbers", `{"phoneNumbers": ["+14155550142", "+14155550147"]}`, &done)
		if len(done.Results) != 2 || done.FailedCount != 1 || done.Results[0].Outcome != "DO_NOT_CALL_OUTCOME_REMOVED" ||
			done.Results[1].Error.Field != "phone_numbers[1]" || listed("+14155550142") {
			t.Errorf("%+v", done)
		}
	})
}

// TestFilesAreBounded uploads one byte more than a file of agents may have: it is refused as too large, and nothing is sent.
func TestFilesAreBounded(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		answer := c.try(t, "CreateAgentImport", `{"data": `+file(strings.Repeat(" ", 16<<20+1))+`}`)
		if answer.Reason() != "REQUEST_TOO_LARGE" || c.via == harness.REST && answer.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%v, HTTP %d, %s", answer.Code, answer.Status, answer.Body)
		}
		if sent := c.env.Vendors.Get(harness.UJET).Requests(t); len(sent) > 0 {
			t.Errorf("%d requests reached the vendor", len(sent))
		}
	})
}

// TestAChatBetweenItsStates lets a virtual agent hand over in a queue that is full: the person keeps waiting, or ends with an e-mail. A
// chat that went to sleep is resumed, and one that did not is not.
func TestAChatBetweenItsStates(t *testing.T) {
	inCentre(t, harness.Options{}, func(t *testing.T, c centre) {
		vendor := c.env.Vendors.Get(harness.UJET)
		vendor.Set(t, `{"menus": {"15": {"state": "over_capacity"}}}`)
		_, leadID := c.aChat(t, "crm-1001")
		type shown struct {
			Chat struct{ ChatID, VendorChatID, Status, VendorStatus string }
		}
		begin := func() (chat shown, escalationID string) {
			c.ask(t, "CreateChat", `{"chat": {"menuId": "15", "leadId": "`+leadID+`", "context": {"value": {"plan": "gold"}},
				"transcript": {"messages": [{"sender": "virtual_agent", "timestamp": "2026-01-01T00:00:00Z", "content": [{"type": "text", "text": "Hi"}]}]}}}`, &chat)
			var escalated map[string]any
			c.ask(t, "EscalateChat", `{"chatId": "`+chat.Chat.ChatID+`", "reason": "by_consumer_chat"}`, &escalated)
			if escalationID, _ = find(escalated, "escalationId").(string); escalationID == "" || find(escalated, "status") != "deflected" {
				t.Fatalf("%+v is escalated to %v", chat, escalated)
			}
			return chat, escalationID
		}
		now := func(chat shown) (is shown) {
			c.ask(t, "GetChat", `{"chatId": "`+chat.Chat.ChatID+`"}`, &is)
			return is
		}
		waits, escalationID := begin()
		c.ask(t, "UpdateChatEscalation", `{"chatId": "`+waits.Chat.ChatID+`", "escalation": {"escalationId": "`+escalationID+`", "deflectionChannel": "human_agent"}}`, &struct{}{})
		if is := now(waits); is.Chat.Status != "CHAT_STATUS_QUEUED" {
			t.Errorf("who keeps waiting is %+v", is)
		}
		mails, escalationID := begin()
		c.ask(t, "UpdateChat", `{"chat": {"chatId": "`+mails.Chat.ChatID+`", "status": "CHAT_STATUS_FINISHED", "deflectionChannel": "email", "escalationId": "`+escalationID+`"}}`, &struct{}{})
		if is := now(mails); is.Chat.Status != "CHAT_STATUS_FINISHED" {
			t.Errorf("who is written to is %+v", is)
		}
		for _, one := range []struct {
			status string
			resume bool
		}{{"dismissed", true}, {"va_dismissed", true}, {"assigned", false}} {
			vendor.Control(t, "/chats/status", `{"id": `+waits.Chat.VendorChatID+`, "status": "`+one.status+`"}`, nil)
			if is := now(waits); is.Chat.VendorStatus != one.status {
				t.Fatalf("%+v", is)
			}
			before := len(vendor.Requests(t))
			answer := c.try(t, "ResumeChat", `{"chatId": "`+waits.Chat.ChatID+`"}`)
			if resumed := answer.Code == codes.OK; resumed != one.resume || !resumed && (answer.Reason() != "VENDOR_WRONG_STATE" || len(vendor.Requests(t)) != before) {
				t.Errorf("a chat that is %s: %v %s", one.status, answer.Code, answer.Body)
			}
		}
	})
}
