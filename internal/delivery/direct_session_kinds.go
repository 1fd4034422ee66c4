package delivery

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// callSession is a call as a session.
type callSession struct{ *leadmuxv1.Call }

func (c callSession) message() proto.Message { return c.Call }
func (callSession) noun() string             { return "call" }
func (callSession) kind() idmap.Kind         { return idmap.KindCall }
func (c callSession) id() string             { return c.GetCallId() }
func (c callSession) vendorID() string       { return c.GetVendorCallId() }
func (c callSession) state() int32           { return int32(c.GetStatus()) }
func (c callSession) name(id string)         { c.CallId = id }
func (c callSession) tie(leadID string)      { c.EndUser = tied(c.EndUser, leadID) }
func (callSession) outdated(session) bool    { return false }
func (callSession) hush()                    {}

func (c callSession) knownAs(vendorID string) { c.VendorCallId, c.Accepted = vendorID, false }

func (c callSession) at(account *adapters.Account, now time.Time) {
	c.Account, c.Vendor, c.UpdateTime = account.Name, account.Vendor, stamp(now)
}

func (c callSession) takes(from session, dated time.Time) {
	c.Status, c.VendorStatus, c.VendorUpdateTime = leadmuxv1.CallStatus(from.state()), from.GetVendorStatus(), laterOf(c.VendorUpdateTime, dated)
}

func (c callSession) told() []*timestamppb.Timestamp {
	return []*timestamppb.Timestamp{c.GetVendorUpdateTime(), c.GetQueueTime(), c.GetAssignTime(), c.GetConnectTime(), c.GetEndTime()}
}

func (c callSession) put(tx idmap.Tx, tenant string) error { return tx.PutCall(tenant, c.Call) }

func (c callSession) detail(event *leadmuxv1.Event, before session, op *leadmuxv1.Operation, step *leadmuxv1.SessionChanged) {
	event.CallId = c.GetCallId()
	event.Detail = &leadmuxv1.Event_CallChanged{CallChanged: &leadmuxv1.CallChanged{
		Before: leadmuxv1.CallStatus(stateOf(before)), After: c.GetStatus(), VendorStatus: c.GetVendorStatus(), VendorCallId: c.GetVendorCallId(),
		OperationId: op.GetOperationId(), Method: op.GetMethod(), Step: step,
	}}
}

// chatSession is a chat as a session.
type chatSession struct{ *leadmuxv1.Chat }

func (c chatSession) message() proto.Message  { return c.Chat }
func (chatSession) noun() string              { return "chat" }
func (chatSession) kind() idmap.Kind          { return idmap.KindChat }
func (c chatSession) id() string              { return c.GetChatId() }
func (c chatSession) vendorID() string        { return c.GetVendorChatId() }
func (c chatSession) state() int32            { return int32(c.GetStatus()) }
func (c chatSession) name(id string)          { c.ChatId = id }
func (c chatSession) tie(leadID string)       { c.EndUser = tied(c.EndUser, leadID) }
func (c chatSession) knownAs(vendorID string) { c.VendorChatId = vendorID }
func (c chatSession) hush()                   { c.LastMessage = nil }

// outdated drops an older last message.
func (c chatSession) outdated(shown session) bool {
	picture, ok := shown.(chatSession)
	newest, told := c.GetLastMessage().GetTime(), picture.GetLastMessage().GetTime()
	if !ok || newest == nil || told == nil || !told.AsTime().Before(newest.AsTime()) {
		return false
	}
	picture.LastMessage = nil
	return true
}

func (c chatSession) at(account *adapters.Account, now time.Time) {
	c.Account, c.Vendor, c.UpdateTime = account.Name, account.Vendor, stamp(now)
}

func (c chatSession) takes(from session, dated time.Time) {
	c.Status, c.VendorStatus, c.VendorUpdateTime = leadmuxv1.ChatStatus(from.state()), from.GetVendorStatus(), laterOf(c.VendorUpdateTime, dated)
}

func (c chatSession) told() []*timestamppb.Timestamp {
	return []*timestamppb.Timestamp{c.GetVendorUpdateTime(), c.GetQueueTime(), c.GetAssignTime(), c.GetEndTime()}
}

func (c chatSession) put(tx idmap.Tx, tenant string) error { return tx.PutChat(tenant, c.Chat) }

func (c chatSession) detail(event *leadmuxv1.Event, before session, op *leadmuxv1.Operation, step *leadmuxv1.SessionChanged) {
	event.ChatId = c.GetChatId()
	event.Detail = &leadmuxv1.Event_ChatChanged{ChatChanged: &leadmuxv1.ChatChanged{
		Before: leadmuxv1.ChatStatus(stateOf(before)), After: c.GetStatus(), VendorStatus: c.GetVendorStatus(), VendorChatId: c.GetVendorChatId(),
		OperationId: op.GetOperationId(), Method: op.GetMethod(), Step: step,
	}}
}

// tied is a person who is known to be a lead.
func tied(person *leadmuxv1.SessionEndUser, leadID string) *leadmuxv1.SessionEndUser {
	if person == nil {
		person = &leadmuxv1.SessionEndUser{}
	}
	person.LeadId = leadID
	return person
}

// laterOf is the later of a date that is known and one that a vendor told; a vendor that tells none leaves the first.
func laterOf(known *timestamppb.Timestamp, told time.Time) *timestamppb.Timestamp {
	if told.IsZero() || known != nil && known.AsTime().After(told) {
		return known
	}
	return stamp(told)
}
