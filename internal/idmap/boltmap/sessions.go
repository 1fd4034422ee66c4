package boltmap

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

// session is a leadmux.v1.Call or leadmux.v1.Chat.
type session interface {
	proto.Message
	GetAccount() string
	GetEndUser() *leadmuxv1.SessionEndUser
	GetUpdateTime() *timestamppb.Timestamp
}

// Call implements idmap.Reader. The error of an erased lead's call is also ErrKeyGone.
func (r reader) Call(tenant, callID string) (*leadmuxv1.Call, error) {
	call := new(leadmuxv1.Call)
	return call, r.session(tenant, callsBucket, callID, call)
}

// Chat implements idmap.Reader. The error of an erased lead's chat is also ErrKeyGone.
func (r reader) Chat(tenant, chatID string) (*leadmuxv1.Chat, error) {
	chat := new(leadmuxv1.Chat)
	return chat, r.session(tenant, chatsBucket, chatID, chat)
}

// PutCall implements idmap.Tx.
func (w writer) PutCall(tenant string, call *leadmuxv1.Call) error {
	return w.putSession(tenant, callsBucket, call.GetCallId(), call)
}

// PutChat implements idmap.Tx.
func (w writer) PutChat(tenant string, chat *leadmuxv1.Chat) error {
	return w.putSession(tenant, chatsBucket, chat.GetChatId(), chat)
}

// ListCalls implements idmap.Reader. It passes over calls of erased leads.
func (r reader) ListCalls(tenant string, filter idmap.SessionFilter, before string, limit int) ([]*leadmuxv1.Call, string, error) {
	b := r.bucket(tenant, callsBucket)
	if b == nil || limit < 1 {
		return nil, "", nil
	}
	var calls []*leadmuxv1.Call
	last, looked := "", 0
	c := b.Cursor()
	for k, v := lastBefore(c, []byte(before)); k != nil; k, v = c.Prev() {
		if len(calls) == limit || looked == lookAtMost {
			return calls, last, nil
		}
		looked++
		last = string(k)
		record, err := readSession(v)
		if err != nil {
			return nil, "", fmt.Errorf("call %s: %w", last, err)
		}
		if !ofSession(filter, record) {
			continue
		}
		call, err := r.Call(tenant, last)
		if errors.Is(err, ErrKeyGone) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		calls = append(calls, call)
	}
	return calls, "", nil
}

func ofSession(filter idmap.SessionFilter, record *storev1.SessionRecord) bool {
	updated := record.GetUpdateTime().AsTime()
	return (filter.Account == "" || filter.Account == record.GetAccount()) &&
		(filter.LeadID == "" || filter.LeadID == record.GetLeadId()) &&
		(filter.UpdatedAfter.IsZero() || updated.After(filter.UpdatedAfter)) &&
		(filter.UpdatedBefore.IsZero() || updated.Before(filter.UpdatedBefore))
}

func readSession(value []byte) (*storev1.SessionRecord, error) {
	record := new(storev1.SessionRecord)
	if err := proto.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("damaged record: %w", err)
	}
	return record, nil
}

func (r reader) session(tenant string, bucket bucketName, id string, into proto.Message) error {
	value := r.get(tenant, bucket, []byte(id))
	if value == nil {
		return fmt.Errorf("%s %s: %w", bucket, id, idmap.ErrNotFound)
	}
	record, err := readSession(value)
	if err != nil {
		return fmt.Errorf("%s %s: %w", bucket, id, err)
	}
	return r.open(tenant, record.GetKeyId(), record.GetSealed(), place(string(bucket), tenant, id), into)
}

func (w writer) putSession(tenant string, bucket bucketName, id string, message session) error {
	old, err := readSession(w.get(tenant, bucket, []byte(id)))
	if err != nil {
		return fmt.Errorf("%s %s: %w", bucket, id, err)
	}
	leadID := message.GetEndUser().GetLeadId()
	keyID, key, err := w.keyOfSession(tenant, old, leadID)
	if err != nil {
		return fmt.Errorf("%s %s: %w", bucket, id, err)
	}
	plain, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("%s %s: %w", bucket, id, err)
	}
	sealed, err := key.Seal(plain, place(string(bucket), tenant, id))
	if err != nil {
		return fmt.Errorf("%s %s: %w", bucket, id, err)
	}
	value, err := proto.Marshal(&storev1.SessionRecord{
		KeyId: keyID, Sealed: sealed, UpdateTime: message.GetUpdateTime(), Account: message.GetAccount(), LeadId: leadID,
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", bucket, id, err)
	}
	return w.put(tenant, bucket, []byte(id), value)
}

// keyOfSession is the data key of the person's lead, so that erasing the lead takes the call with it; a key of its own while the
// person is not known. A record that has its lead's key stays under it.
func (w writer) keyOfSession(tenant string, old *storev1.SessionRecord, leadID string) (string, *seal.DataKey, error) {
	if leadID == "" {
		return w.ownKey(tenant, old.GetKeyId())
	}
	return w.leadKey(tenant, leadID)
}

// sessionKey is the data key of a stored call, else of a stored chat; empty when neither is stored.
func (r reader) sessionKey(tenant, callID, chatID string) (string, *seal.DataKey, error) {
	for _, at := range []struct {
		bucket bucketName
		id     string
	}{{callsBucket, callID}, {chatsBucket, chatID}} {
		value := r.get(tenant, at.bucket, []byte(at.id))
		if at.id == "" || value == nil {
			continue
		}
		record, err := readSession(value)
		if err != nil {
			return "", nil, err
		}
		key, err := r.dataKey(tenant, record.GetKeyId())
		return record.GetKeyId(), key, err
	}
	return "", nil, nil
}

// sessions checks that every call and chat opens and is listed by what is in it.
func (v *verifier) sessions(tenant string) error {
	check := func(bucket bucketName, count *int, empty func() session, idOf func(session) string) error {
		return v.each(tenant, bucket, func(key, value []byte) {
			*count++
			id, message := string(key), empty()
			record, err := readSession(value)
			if err == nil {
				err = v.session(tenant, bucket, id, message)
			}
			if err != nil {
				v.unreadable(tenant, id, err)
				return
			}
			if idOf(message) != id || message.GetAccount() != record.GetAccount() || message.GetEndUser().GetLeadId() != record.GetLeadId() {
				v.problem("Tenant %q: %s is listed by an ID, account or lead that it does not have.", tenant, id)
			}
		})
	}
	return errors.Join(
		check(callsBucket, &v.report.Calls, func() session { return new(leadmuxv1.Call) }, func(m session) string {
			call, _ := m.(*leadmuxv1.Call)
			return call.GetCallId()
		}),
		check(chatsBucket, &v.report.Chats, func() session { return new(leadmuxv1.Chat) }, func(m session) string {
			chat, _ := m.(*leadmuxv1.Chat)
			return chat.GetChatId()
		}))
}
