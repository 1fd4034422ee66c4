package service

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// A contact centre tells of every message in a chat, of those too that we sent there for the person, in the person's name and without an ID of
// either. So an echo is known by its chat, its content and its time: each of our messages swallows one that is told, and no more. What could
// be the person's own word stays where it matters: a refusal is never swallowed, nor is anything by a message that may not have been sent.

const (
	// echoesAtOnce is how many messages of one content in one chat are told apart within a day; of further ones the echo stands in the log.
	echoesAtOnce = 16
	// echoWait is how long an echo that is faster than the answer to its message waits for that.
	echoWait = 2 * time.Second
)

// echo is a message in a chat as it can be told of.
type echo struct {
	tenant, account, chatID string
	kind, content           string
}

func (e echo) id(n int) string {
	return strings.Join([]string{e.chatID, strconv.Itoa(n), e.kind, e.content}, "\x00")
}

func (e echo) expected() string  { return "echo/" + e.account }
func (e echo) swallowed() string { return "echoed/" + e.account }

// expect remembers that the operation sends the message, as a keyed hash.
func (e echo) expect(tx idmap.Tx, operationID string, now time.Time) error {
	claim := idmap.Request{Fingerprint: []byte{1}, LeadID: operationID, ExpireTime: now.Add(sameFor)}
	for n := range echoesAtOnce {
		err := tx.PutRequest(e.tenant, e.expected(), e.id(n), claim, now)
		if !errors.Is(err, idmap.ErrClaimed) {
			return err
		}
	}
	return nil
}

// swallow marks the operation's echo as come.
func (e echo) swallow(tx idmap.Tx, operationID string, now time.Time) error {
	return tx.PutRequest(e.tenant, e.swallowed(), operationID, idmap.Request{Fingerprint: []byte{1}, ExpireTime: now.Add(sameFor)}, now)
}

// sent is a message of ours that was told of at a time and whose echo has not come: one that is done, else one that is under way; nil for none.
func (e echo) sent(r idmap.Reader, at, now time.Time) (best *leadmuxv1.Operation, err error) {
	for n := range echoesAtOnce {
		claim, err := r.Request(e.tenant, e.expected(), e.id(n), now)
		if errors.Is(err, idmap.ErrNotFound) {
			continue // those before may be forgotten already
		}
		if err != nil {
			return nil, err
		}
		op, err := r.Operation(e.tenant, claim.LeadID)
		if errors.Is(err, idmap.ErrNotFound) || err == nil && !delivery.Around(op, at) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_, err = r.Request(e.tenant, e.swallowed(), op.GetOperationId(), now)
		switch {
		case err == nil:
			continue
		case !errors.Is(err, idmap.ErrNotFound):
			return nil, err
		case op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED:
			return op, nil
		case op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED && best == nil:
			best = op
		}
	}
	return best, nil
}

// echoKey is the key of a request that sends a message to a chat: with it goes what its echo will be known by.
type echoKey struct {
	delivery.RequestKey // nil for a request without request_id
	echo
	now func() time.Time
}

// Before implements delivery.RequestKey.
func (k echoKey) Before(r idmap.Reader) (string, error) {
	if k.RequestKey == nil {
		return "", nil
	}
	return k.RequestKey.Before(r)
}

// Put implements delivery.RequestKey.
func (k echoKey) Put(tx idmap.Tx, operationID string) error {
	if k.RequestKey != nil {
		if err := k.RequestKey.Put(tx, operationID); err != nil {
			return err
		}
	}
	return k.expect(tx, operationID, k.now())
}

// echoing lets a request that sends a message to a chat remember what its echo will be known by; any other keeps its key.
func (f *forward) echoing(key delivery.RequestKey) delivery.RequestKey {
	request, ok := f.request.(*leadmuxv1.SendChatMessageRequest)
	if !ok {
		return key
	}
	m := request.GetMessage()
	return echoKey{key, echo{
		tenant: f.caller.Tenant, account: f.account.Name, chatID: request.GetChatId(), kind: m.GetType(), content: m.GetContent() + m.GetMediaId(),
	}, f.s.cfg.Now}
}

// toldOf is the message in an event as an echo would be; false when it can be none.
func (s *LeadService) toldOf(r idmap.Reader, account *adapters.Account, said adapters.VendorEvent) (echo, bool, error) {
	m := said.Event.GetMessage()
	if m == nil || said.VendorChatID == "" || m.GetDirection() != leadmuxv1.MessageDirection_MESSAGE_DIRECTION_INBOUND || s.refusalIn(m) != nil {
		return echo{}, false, nil
	}
	chatID, err := r.Owner(account.Tenant, idmap.VendorRef{Account: account.Name, Kind: idmap.KindChat, VendorID: said.VendorChatID})
	if errors.Is(err, idmap.ErrNotFound) {
		return echo{}, false, nil
	}
	return echo{account.Tenant, account.Name, chatID, m.GetMediaType(), m.GetText() + m.GetMediaId()}, err == nil, err
}

// toldAt is when the vendor says that it was, else now.
func toldAt(said adapters.VendorEvent, now time.Time) time.Time {
	if told := said.Event.GetVendorTime(); told != nil {
		return told.AsTime()
	}
	return now
}

// echo says whether an event tells of a message that we sent, and swallows it then.
func (r *receipt) echo(said adapters.VendorEvent) (bool, error) {
	e, ok, err := r.s.toldOf(r.tx, r.account, said)
	if err != nil || !ok {
		return false, err
	}
	op, err := e.sent(r.tx, toldAt(said, r.now), r.now)
	if err != nil || op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
		return false, err
	}
	return true, e.swallow(r.tx, op.GetOperationId(), r.now)
}

// awaitSent waits for the messages that the events may be echoes of and that are under way: an echo can be faster than the answer.
func (s *LeadService) awaitSent(ctx context.Context, account *adapters.Account, events []adapters.VendorEvent) error {
	now := s.cfg.Now()
	for _, said := range events {
		var op *leadmuxv1.Operation
		err := s.cfg.Store.View(ctx, func(r idmap.Reader) error {
			e, ok, err := s.toldOf(r, account, said)
			if err != nil || !ok {
				return err
			}
			op, err = e.sent(r, toldAt(said, now), now)
			return err
		})
		if err != nil {
			return err
		}
		if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_STARTED {
			continue
		}
		if _, err := s.cfg.Dispatcher.WaitOperation(ctx, account.Tenant, op.GetOperationId(), op.GetOperationId(), echoWait); err != nil {
			return err
		}
	}
	return nil
}
