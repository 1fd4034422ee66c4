package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// errDamagedKey says that a key of a row is none that is written here.
var errDamagedKey = errors.New("damaged key")

func pollKey(account, list string) []byte { return append(appendText(nil, account), list...) }

func followedKey(f idmap.Followed) []byte {
	return append(appendText(appendText(appendText(nil, f.Account), f.Method), f.CampaignID), f.ID...)
}

// readFollowedKey reads what followedKey made.
func readFollowedKey(key []byte) (f idmap.Followed, ok bool) {
	for _, part := range []*string{&f.Account, &f.Method, &f.CampaignID} {
		if *part, key, ok = cutText(key); !ok {
			return f, false
		}
	}
	f.ID = string(key)
	return f, true
}

// PollMark implements idmap.Reader.
func (r reader) PollMark(tenant, account, list string) (idmap.Mark, error) {
	value := r.get(tenant, pollsBucket, pollKey(account, list))
	if value == nil {
		return idmap.Mark{}, fmt.Errorf("mark of account %s: %w", account, idmap.ErrNotFound)
	}
	var record storev1.PollRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return idmap.Mark{}, fmt.Errorf("mark of account %s: damaged record: %w", account, err)
	}
	return idmap.Mark{News: timeOrZero(record.GetNews()), ReadTime: timeOrZero(record.GetReadTime())}, nil
}

// PutPollMark implements idmap.Tx.
func (w writer) PutPollMark(tenant, account, list string, mark idmap.Mark) error {
	value, err := proto.Marshal(&storev1.PollRecord{News: orAbsent(mark.News), ReadTime: orAbsent(mark.ReadTime)})
	if err != nil {
		return fmt.Errorf("mark of account %s: %w", account, err)
	}
	return w.put(tenant, pollsBucket, pollKey(account, list), value)
}

// ListFollowed implements idmap.Reader.
func (r reader) ListFollowed(tenant, account string) ([]idmap.Followed, error) {
	b := r.bucket(tenant, followedBucket)
	if b == nil {
		return nil, nil
	}
	var all []idmap.Followed
	prefix := appendText(nil, account)
	c := b.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		f, err := readFollowed(k, v)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func readFollowed(key, value []byte) (idmap.Followed, error) {
	f, ok := readFollowedKey(key)
	var record storev1.FollowedRecord
	err := proto.Unmarshal(value, &record)
	if err == nil && !ok {
		err = errDamagedKey
	}
	if err != nil {
		return f, fmt.Errorf("what is followed at account %s: damaged record: %w", f.Account, err)
	}
	f.State, f.Status = record.GetState(), record.GetStatus()
	f.StartedBy, f.OperationID, f.Since = record.GetStartedBy(), record.GetOperationId(), timeOrZero(record.GetSince())
	return f, nil
}

// PutFollowed implements idmap.Tx.
func (w writer) PutFollowed(tenant string, f idmap.Followed) error {
	value, err := proto.Marshal(&storev1.FollowedRecord{
		State: f.State, Status: f.Status, StartedBy: f.StartedBy, OperationId: f.OperationID, Since: orAbsent(f.Since),
	})
	if err != nil {
		return fmt.Errorf("what is followed at account %s: %w", f.Account, err)
	}
	return w.put(tenant, followedBucket, followedKey(f), value)
}

// DeleteFollowed implements idmap.Tx.
func (w writer) DeleteFollowed(tenant string, f idmap.Followed) error {
	return w.delete(tenant, followedBucket, followedKey(f))
}

// polls checks that every mark opens.
func (v *verifier) polls(tenant string) error {
	return v.each(tenant, pollsBucket, func(key, _ []byte) {
		account, list, ok := cutText(key)
		if !ok {
			v.problem("Tenant %q: a mark of what was read is damaged.", tenant)
		} else if _, err := v.PollMark(tenant, account, string(list)); err != nil {
			v.problem("Tenant %q: the mark of what was read of account %s is damaged.", tenant, account)
		}
	})
}

// followed checks that everything that is followed opens.
func (v *verifier) followed(tenant string) error {
	return v.each(tenant, followedBucket, func(key, value []byte) {
		if _, err := readFollowed(key, value); err != nil {
			v.problem("Tenant %q: something that is followed is damaged.", tenant)
		}
	})
}

func timeOrZero(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func orAbsent(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
