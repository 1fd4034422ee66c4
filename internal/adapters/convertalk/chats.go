package convertalk

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// The RPCs of ChatService that the vendor has. One record is a lead and a chat at once, so they go the ways of leads.
const (
	opListChats  = "ListChats"
	opUpdateChat = "UpdateChat"
)

// The vendor's two kinds of record, in the order in which both are read.
const (
	typeLead    = "lead"
	typeNonLead = "non-lead"
)

// Forwards says whether the vendor has an RPC.
func Forwards(rpc string) bool { return rpc == opListChats || rpc == opUpdateChat }

// Forwards says whether the vendor has the RPC.
func (a *Adapter) Forwards(rpc string) bool { return Forwards(rpc) }

// Forward does an RPC once.
func (a *Adapter) Forward(ctx context.Context, rpc string, request, response proto.Message) (adapters.Forwarded, error) {
	switch request := request.(type) {
	case *leadmuxv1.ListChatsRequest:
		page, _ := response.(*leadmuxv1.ListChatsResponse)
		return a.listChats(ctx, request, page)
	case *leadmuxv1.UpdateChatRequest:
		changed, _ := response.(*leadmuxv1.UpdateChatResponse)
		return a.updateChat(ctx, request, changed)
	default:
		return adapters.Forwarded{}, &adapters.Error{Vendor: Vendor, Op: rpc, Kind: adapters.KindNotSupported}
	}
}

// listChats reads a page of the listing (GET /inbox/direct/chats, stated by the vendor's document): of those with contact data,
// then of those without, unless one kind is asked for. A position is "lead/3".
func (a *Adapter) listChats(ctx context.Context, request *leadmuxv1.ListChatsRequest, response *leadmuxv1.ListChatsResponse) (adapters.Forwarded, error) {
	kind, number := cmp.Or(request.GetContactType(), typeLead), 1
	if position := request.GetPageToken(); position != "" {
		at, page, _ := strings.Cut(position, "/")
		kind = at
		number, _ = strconv.Atoi(page) // signed by us, so it is one
	}
	said, answer, err := a.ask(ctx, a.chats(kind, number))
	came := adapters.Forwarded{HTTPStatus: answer.Status, RequestID: answer.RequestID()}
	if err != nil {
		return came, err
	}
	records, err := readPage(said)
	if err != nil {
		return came, &adapters.Error{
			Vendor: Vendor, Op: opListChats, Kind: adapters.KindBadAnswer, Status: answer.Status, RequestID: answer.RequestID(), Cause: err,
		}
	}
	for _, r := range records {
		response.Chats = append(response.Chats, r.chat(kind))
	}
	switch {
	case len(records) > 0:
		response.NextPageToken = kind + "/" + strconv.Itoa(number+1)
	case kind == typeLead && request.GetContactType() == "":
		response.NextPageToken = typeNonLead + "/1"
	}
	return came, nil
}

func (a *Adapter) chats(kind string, page int) vendorhttp.Call {
	return vendorhttp.Call{Op: opListChats, Route: routeListVendorLeads, Header: a.list, Query: url.Values{
		"botId": {a.botID}, "customerId": {a.customerID}, "page": {strconv.Itoa(page)}, "type": {kind},
	}}
}

// chat is the record as a chat. Who left no contact data is no lead.
func (r record) chat(kind string) *leadmuxv1.Chat {
	chat := &leadmuxv1.Chat{
		ChatId: r.uuid(), ContactType: kind, VendorStatus: adapters.Clip(r.get("status").text(), 100), Assignee: adapters.Clip(r.get("_agentAssigned").text(), 100),
		CreateTime: timeOf(r.moment("createdAt")), VendorUpdateTime: timeOf(r.moment("updatedAt")), LastSeenTime: timeOf(r.moment("lastSeenAt")),
		Online: r.get("isOnline").text() == "true", LastMessage: r.lastMessage(),
	}
	chat.Status = chatStatus(chat.GetVendorStatus())
	if visits, err := strconv.ParseInt(r.get("websiteVisits").text(), 10, 32); err == nil {
		chat.WebsiteVisits = int32(visits)
	}
	person := r.person()
	chat.Notes, chat.Tags, chat.Attributes, chat.Picture = person.GetNotes(), person.GetTags(), person.GetAttributes(), person.GetPicture()
	if kind == typeLead {
		chat.EndUser = &leadmuxv1.SessionEndUser{LeadId: r.uuid()}
	}
	return chat
}

func (r record) lastMessage() *leadmuxv1.LastMessage {
	last := record{r.get("lastMessage")}
	m := &leadmuxv1.LastMessage{Time: timeOf(last.moment("at")), By: adapters.Clip(last.get("by").text(), 100), Text: adapters.Clip(last.get("text").text(), 1<<16)}
	if m.GetTime() == nil && m.GetBy() == "" && m.GetText() == "" {
		return nil
	}
	return m
}

// message is the last message as it was said, and when. One without a time is none: it could not be told from the one before. That an
// agent's carries the word agent is assumed; whoever is not the visitor wrote to them.
func (r record) message() (*leadmuxv1.ConversationMessage, time.Time) {
	last := record{r.get("lastMessage")}
	text, by, at := adapters.Clip(last.get("text").text(), 1<<16), adapters.Clip(last.get("by").text(), maxSender), last.moment("at")
	if text == "" || at.IsZero() {
		return nil, time.Time{}
	}
	m := &leadmuxv1.ConversationMessage{Channel: leadmuxv1.MessageChannel_MESSAGE_CHANNEL_CHAT, Text: text, SenderType: by}
	switch by {
	case byUser:
		m.Direction = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND
	case "":
	default:
		m.Direction = leadmuxv1.MessageDirection_MESSAGE_DIRECTION_OUTBOUND
	}
	return m, at
}

const (
	// byUser is the vendor's word for the visitor as the one who wrote.
	byUser = "user"
	// maxSender is the longest word for who wrote that the API takes, in bytes.
	maxSender = 64
)

func timeOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// chatStatuses are the vendor's statuses and what they mean; accounts may define others.
var chatStatuses = map[string]leadmuxv1.ChatStatus{
	statusOpen: leadmuxv1.ChatStatus_CHAT_STATUS_QUEUED, statusInProgress: leadmuxv1.ChatStatus_CHAT_STATUS_CONNECTED,
	statusReview: leadmuxv1.ChatStatus_CHAT_STATUS_REVIEW, statusOnHold: leadmuxv1.ChatStatus_CHAT_STATUS_ON_HOLD,
	statusDependency: leadmuxv1.ChatStatus_CHAT_STATUS_BLOCKED, statusClosed: leadmuxv1.ChatStatus_CHAT_STATUS_FINISHED,
}

func chatStatus(status string) leadmuxv1.ChatStatus { return chatStatuses[status] }

// statusWord is the vendor's word for a status; empty when it has none.
func statusWord(status leadmuxv1.ChatStatus) string {
	for word, means := range chatStatuses {
		if means == status {
			return word
		}
	}
	return ""
}

// updateChat changes a chat by the one PUT (stated by the vendor's document).
func (a *Adapter) updateChat(ctx context.Context, request *leadmuxv1.UpdateChatRequest, response *leadmuxv1.UpdateChatResponse) (adapters.Forwarded, error) {
	chat := request.GetChat()
	w := wish{
		op: opUpdateChat, notices: newNotices(&leadmuxv1.Lead{}),
		body: leadBody{
			UUID: chat.GetChatId(), BotID: a.botID, CustomerID: a.customerID, AgentID: chat.GetAssignee(),
			Status: statusWord(chat.GetStatus()), Picture: chat.GetPicture(),
		},
		notes: noteItems(chat.GetNotes()), tags: chat.GetTags(), attributes: attributesOf(chat.GetAttributes()),
	}
	switch {
	case w.body.Status == "" && chat.GetStatus() != leadmuxv1.ChatStatus_CHAT_STATUS_UNSPECIFIED:
		return adapters.Forwarded{}, invalid(opUpdateChat, "chat.status", "Convertalk has no such status")
	case chat.GetDeflectionChannel() != "":
		return adapters.Forwarded{}, invalid(opUpdateChat, "chat.deflection_channel", "Convertalk has no place for it")
	case chat.GetEscalationId() != "":
		return adapters.Forwarded{}, invalid(opUpdateChat, "chat.escalation_id", "Convertalk has no place for it")
	case request.GetFinishedByLeadId() != "":
		return adapters.Forwarded{}, invalid(opUpdateChat, "finished_by_lead_id", "Convertalk has no place for it")
	}
	w, err := a.beside(ctx, w)
	if err != nil {
		return adapters.Forwarded{}, err
	}
	_, answer, err := a.ask(ctx, a.upsert(opUpdateChat, a.body(w)))
	came := adapters.Forwarded{HTTPStatus: answer.Status, RequestID: answer.RequestID()}
	if err != nil {
		return came, ofChat(err)
	}
	// The answer holds no record. What the arrays are now only the listing tells.
	response.Chat = &leadmuxv1.Chat{
		ChatId: chat.GetChatId(), Status: chat.GetStatus(), VendorStatus: w.body.Status, Assignee: chat.GetAssignee(), Picture: chat.GetPicture(),
	}
	return came, nil
}

// ofChat is a failure with the fields of a chat in place of a lead's: one record is both.
func ofChat(err error) error {
	refused, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		return err
	}
	for _, violation := range refused.Fields {
		if violation.GetField() == "vendor_options.convertalk.agent_id" {
			violation.Field = "chat.assignee"
		} else if name, isLeads := strings.CutPrefix(violation.GetField(), "lead."); isLeads {
			violation.Field = "chat." + name
		}
	}
	return err
}

// beside completes what is added to a chat by what it holds already, so that nothing is there twice and nothing is lost. A record
// that the listing does not show, as one without contact data, gets what was given.
func (a *Adapter) beside(ctx context.Context, w wish) (wish, error) {
	if len(w.notes) == 0 && (!a.replaces || len(w.tags)+len(w.attributes) == 0) {
		return w, nil
	}
	r, found, err := a.find(ctx, w.op, w.body.UUID)
	switch {
	case err != nil || !found:
		return w, err
	case a.replaces:
		return w.over(r, a.asText), nil
	}
	w.notes = missing(w.notes, r.notes(), a.asText)
	return w, nil
}

// attributesOf are attributes in the vendor's form, ordered by key.
func attributesOf(attributes map[string]string) []attributeItem {
	var items []attributeItem
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		items = append(items, attributeItem{Key: key, Value: attributes[key]})
	}
	return items
}
