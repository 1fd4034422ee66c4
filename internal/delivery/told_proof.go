package delivery

import (
	"bytes"
	"errors"
	"slices"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
)

// How far a vendor's date of a happening may lie from the attempt that it is to be of: before its start, for the two clocks differ, and
// after its end. What the vendor dates later may be of another's doing.
const (
	proofBefore = time.Minute
	proofAfter  = 2 * time.Minute
)

// promiseTime is for how long a call that an agent has to place may be the one that is told of.
const promiseTime = 24 * time.Hour

// pendingPages bounds how many pages of unsettled operations are looked through for one event; with more, nothing is settled by it.
const pendingPages, pendingPage = 10, 100

// makers are the writes that make a call or chat.
var makers = map[string]idmap.Kind{"CreateCall": idmap.KindCall, "CreateChat": idmap.KindChat, sendSms: idmap.KindChat}

const (
	sendSms         = "SendSms"
	sendChatMessage = "SendChatMessage"
)

// settle finds the write whose outcome is not known and which the telling shows to have been done. It does so only where no other write
// could be meant; what is ambiguous is left to a person.
func (n *news) settle() error {
	if message := n.event.GetMessage(); message != nil {
		return n.settleMessage(message)
	}
	if leadID := n.shown.GetEndUser().GetLeadId(); leadID != "" && whose(n.before) == "" {
		return n.settleMaker(leadID)
	}
	return nil
}

// settleMaker finds the one write that may have made a call or chat with this person at that time.
func (n *news) settleMaker(leadID string) error {
	lead, err := n.tx.Lead(n.p.Tenant, leadID)
	if err != nil {
		return err
	}
	began := n.at
	if told := n.shown.GetCreateTime(); told != nil {
		began = told.AsTime()
	} else if n.before != nil {
		began = n.before.GetCreateTime().AsTime()
	}
	ops, whole, err := n.mayHaveMade(began)
	if err != nil || !whole {
		return err
	}
	match := only(ops, n.d.reachesOf(lead))
	if match == nil || !Around(match, began) {
		return nil
	}
	if err := n.becomes(match); err != nil {
		return err
	}
	n.prove(match, "the vendor tells of a new "+n.shown.noun()+" with the same person at the time of the attempt, and no other write could have made it")
	return nil
}

// mayHaveMade are the writes that may have made a call or chat which began then. whole is false when there are too many to look at.
func (n *news) mayHaveMade(began time.Time) (ops []*leadmuxv1.Operation, whole bool, err error) {
	ops, whole, err = n.pending(func(op *leadmuxv1.Operation) bool { return makers[op.GetMethod()] == n.ref.Kind && Around(op, began) })
	if err != nil || !whole {
		return nil, false, err
	}
	promised, err := n.promised()
	return append(ops, promised...), true, err
}

// only is the one write of several that reaches a lead; nil when there is none, when there are more, or when one does not say whom it
// reaches.
func only(ops []*leadmuxv1.Operation, reaches [][]byte) (match *leadmuxv1.Operation) {
	for _, op := range ops {
		same := slices.ContainsFunc(reaches, func(reach []byte) bool { return bytes.Equal(reach, op.GetReach()) })
		ambiguous := len(op.GetReach()) == 0 || same && match != nil
		if ambiguous && !mutant.SettleAmbiguousEvent {
			return nil
		}
		if same {
			match = op
		}
	}
	return match
}

// promised are the writes whose calls the vendor took on without giving them an ID, among the account's latest calls: an agent may place each
// at any time.
func (n *news) promised() (ops []*leadmuxv1.Operation, err error) {
	if n.ref.Kind != idmap.KindCall {
		return nil, nil
	}
	filter := idmap.SessionFilter{Account: n.p.Account.Name, UpdatedAfter: n.at.Add(-promiseTime)}
	calls, _, err := n.tx.ListCalls(n.p.Tenant, filter, "", pendingPage)
	if err != nil {
		return nil, err
	}
	for _, call := range calls {
		if !call.GetAccepted() {
			continue
		}
		page, err := n.tx.ListEvents(n.p.Tenant, idmap.EventFilter{CallID: call.GetCallId()}, "", 1)
		if err != nil {
			return nil, err
		}
		if len(page.Events) == 0 {
			continue
		}
		op, err := n.tx.Operation(n.p.Tenant, page.Events[0].GetCallChanged().GetOperationId())
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// becomes makes what was told of the call or chat that the write has an ID for: callers know that ID. While the attempt is still under way
// only the operation does, and it takes the ID that is known.
func (n *news) becomes(op *leadmuxv1.Operation) error {
	_, mine := ofOperation(op)
	switch {
	case n.id == "":
		var err error
		n.id = mine
		n.before, err = n.stored(n.ref.Kind, mine)
		return err
	case op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED:
		if n.ref.Kind == idmap.KindCall {
			op.CallId = n.id
		} else {
			op.ChatId = n.id
		}
		return nil
	}
	if err := n.tx.Unbind(n.p.Tenant, n.ref); err != nil {
		return err
	}
	n.id = mine
	n.before = copyOf(n.before)
	n.before.name(mine)
	return n.keep(n.before)
}

// settleMessage finds the one message to this chat of the same content and time whose answer was lost. The vendor tells of every message, so
// one that was answered must not be taken for it.
func (n *news) settleMessage(message *leadmuxv1.ConversationMessage) error {
	reach := n.d.fingerprint("message", message.GetMediaType(), message.GetText()+message.GetMediaId())
	if n.id == "" || reach == nil || message.GetDirection() != leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND {
		return nil
	}
	same := func(op *leadmuxv1.Operation) bool {
		return op.GetMethod() == sendChatMessage && op.GetChatId() == n.id && bytes.Equal(op.GetReach(), reach) && Around(op, n.at)
	}
	ops, whole, err := n.pending(same)
	if err != nil || !whole || len(ops) != 1 {
		return err
	}
	done, err := n.done(same)
	if err != nil || done {
		return err
	}
	n.prove(ops[0], "the vendor tells of the same message in the chat at the time of the attempt, and no other write could have sent it")
	return nil
}

// done says whether a write to this chat that is settled fits.
func (n *news) done(fits func(*leadmuxv1.Operation) bool) (bool, error) {
	filter := idmap.EventFilter{ChatID: n.id, Types: []string{"chat.changed"}}
	for after := ""; ; {
		page, err := n.tx.ListEvents(n.p.Tenant, filter, after, pendingPage)
		if err != nil {
			return false, err
		}
		for _, e := range page.Events {
			id := e.GetChatChanged().GetOperationId()
			if id == "" {
				continue
			}
			op, err := n.tx.Operation(n.p.Tenant, id)
			if errors.Is(err, idmap.ErrNotFound) {
				continue
			}
			if err != nil || fits(op) {
				return err == nil, err
			}
		}
		if after = page.Last; !page.More {
			return false, nil
		}
	}
}

// pending are the writes of the account whose outcome is not known, or not yet, that fit and that nothing has shown to be done. whole is
// false when there are too many to look at.
func (n *news) pending(fits func(*leadmuxv1.Operation) bool) (ops []*leadmuxv1.Operation, whole bool, err error) {
	for _, state := range []leadmuxv1.OperationState{
		leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT, leadmuxv1.OperationState_OPERATION_STATE_STARTED,
	} {
		filter := idmap.OperationFilter{State: state, Account: n.p.Account.Name}
		before := ""
		for range pendingPages {
			found, next, err := n.tx.ListOperations(n.p.Tenant, filter, before, pendingPage)
			if err != nil {
				return nil, false, err
			}
			for _, op := range found {
				if op.GetProvenByEventId() == "" && fits(op) {
					ops = append(ops, op)
				}
			}
			if before = next; next == "" {
				break
			}
		}
		if before != "" {
			return nil, false, nil
		}
	}
	return ops, true, nil
}

// Around says whether something that a vendor dates so can be of the operation's last attempt.
func Around(op *leadmuxv1.Operation, at time.Time) bool {
	attempt := lastAttempt(op)
	begin := attempt.GetStartTime().AsTime()
	end := begin.Add(AttemptTimeout)
	if attempt.GetEndTime() != nil {
		end = attempt.GetEndTime().AsTime()
	}
	return !at.Before(begin.Add(-proofBefore)) && !at.After(end.Add(proofAfter))
}

// prove settles a write in doubt. One whose attempt is under way is left to its answer; if that is lost, the event stands in for it.
func (n *news) prove(op *leadmuxv1.Operation, rule string) {
	n.op = op
	op.ProvenByEventId, op.UpdateTime = n.event.GetEventId(), stamp(n.d.now())
	op.Decision = "shown by " + n.event.GetEventId() + ": " + rule
	if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT {
		op.State = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
	}
}

// disproved forgets what an event seemed to show: the vendor refused the write, so that what it told of is another's.
func (in *intake) disproved() {
	if in.op.GetProvenByEventId() == "" {
		return
	}
	in.op.ProvenByEventId = ""
	if makers[in.op.GetMethod()] != 0 {
		in.op.CallId, in.op.ChatId = "", ""
	}
}
