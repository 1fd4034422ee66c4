package boltmap

import (
	"bytes"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// forgetAtOnce is how many expired claims one PutRequest removes. More than one, so that the rest shrinks while new claims
// come; few, so that no create pays for a long pause.
const forgetAtOnce = 4

// Request implements idmap.Reader.
func (r reader) Request(tenant, method, requestID string, now time.Time) (idmap.Request, error) {
	request, found, err := r.request(tenant, r.s.requestKey(tenant, method, requestID))
	if err != nil {
		return idmap.Request{}, err
	}
	if !found || expired(request, now) {
		return idmap.Request{}, fmt.Errorf("request key: %w", idmap.ErrNotFound)
	}
	return request, nil
}

// PutRequest implements idmap.Tx. It also forgets a few claims that have expired.
func (w writer) PutRequest(tenant, method, requestID string, request idmap.Request, now time.Time) error {
	key := w.s.requestKey(tenant, method, requestID)
	old, found, err := w.request(tenant, key)
	if err != nil {
		return err
	}
	if found && !expired(old, now) {
		return fmt.Errorf("request key: %w", idmap.ErrClaimed)
	}
	if found {
		if err := w.delete(tenant, expiriesBucket, expiryRow(old.ExpireTime, key)); err != nil {
			return err
		}
	}
	value, err := proto.Marshal(&storev1.RequestRecord{
		Fingerprint: request.Fingerprint, LeadId: request.LeadID, ExpireTime: timestamppb.New(request.ExpireTime),
	})
	if err != nil {
		return fmt.Errorf("request key: %w", err)
	}
	if err := w.put(tenant, requestsBucket, key, value); err != nil {
		return err
	}
	if err := w.put(tenant, expiriesBucket, expiryRow(request.ExpireTime, key), []byte{}); err != nil {
		return err
	}
	return w.forgetExpired(tenant, now)
}

// forgetExpired removes the claims that expired first, a few at most.
func (w writer) forgetExpired(tenant string, now time.Time) error {
	var rows [][]byte
	c := w.bucket(tenant, expiriesBucket).Cursor()
	for k, _ := c.First(); len(rows) < forgetAtOnce && len(k) > timeSize && !readTime(k).After(now); k, _ = c.Next() {
		rows = append(rows, bytes.Clone(k))
	}
	for _, row := range rows {
		if err := w.delete(tenant, requestsBucket, row[timeSize:]); err != nil {
			return err
		}
		if err := w.delete(tenant, expiriesBucket, row); err != nil {
			return err
		}
	}
	return nil
}

func (r reader) request(tenant string, key []byte) (request idmap.Request, found bool, err error) {
	value := r.get(tenant, requestsBucket, key)
	if value == nil {
		return idmap.Request{}, false, nil
	}
	request, err = readRequest(value)
	return request, true, err
}

func readRequest(value []byte) (idmap.Request, error) {
	var record storev1.RequestRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return idmap.Request{}, fmt.Errorf("request key: damaged record: %w", err)
	}
	return idmap.Request{
		Fingerprint: record.GetFingerprint(), LeadID: record.GetLeadId(), ExpireTime: record.GetExpireTime().AsTime(),
	}, nil
}

func (s *Store) requestKey(tenant, method, requestID string) []byte {
	return s.secret.Sum("request", []byte(tenant), []byte(method), []byte(requestID))[:hashSize]
}

func expiryRow(expire time.Time, key []byte) []byte {
	return append(appendTime(nil, expire), key...)
}

// expired tells whether a claim may be forgotten.
func expired(request idmap.Request, now time.Time) bool {
	return !now.Before(request.ExpireTime)
}
