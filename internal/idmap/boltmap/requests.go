package boltmap

import (
	"bytes"
	"encoding/hex"
	"errors"
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
	key := r.s.requestKey(tenant, method, requestID)
	record, err := r.request(tenant, key)
	if err != nil {
		return idmap.Request{}, err
	}
	if record == nil || expired(record, now) {
		return idmap.Request{}, fmt.Errorf("request key: %w", idmap.ErrNotFound)
	}
	request := idmap.Request{
		Fingerprint: record.GetFingerprint(), LeadID: record.GetLeadId(), ExpireTime: record.GetExpireTime().AsTime(),
	}
	if record.GetKeyId() == "" {
		return request, nil
	}
	request.Fingerprint, err = r.unseal(tenant, record.GetKeyId(), record.GetFingerprint(), requestPlace(tenant, key))
	if errors.Is(err, ErrKeyGone) {
		return request, nil
	}
	return request, err
}

// PutRequest implements idmap.Tx. It also forgets a few claims that have expired.
func (w writer) PutRequest(tenant, method, requestID string, request idmap.Request, now time.Time) error {
	key := w.s.requestKey(tenant, method, requestID)
	old, err := w.request(tenant, key)
	if err != nil {
		return err
	}
	if old != nil && !expired(old, now) {
		return fmt.Errorf("request key: %w", idmap.ErrClaimed)
	}
	if old != nil {
		if err := w.delete(tenant, expiriesBucket, expiryRow(old.GetExpireTime().AsTime(), key)); err != nil {
			return err
		}
	}
	value, err := w.sealRequest(tenant, key, request)
	if err != nil {
		return fmt.Errorf("request key: %w", err)
	}
	if err := w.put(tenant, requestsBucket, key, value); err != nil {
		return err
	}
	if err := w.put(tenant, expiriesBucket, expiryRow(request.ExpireTime, key), []byte{}); err != nil {
		return err
	}
	_, err = w.forgetExpired(tenant, now, forgetAtOnce)
	return err
}

// forgetExpired removes the claims that expired first, at most limit, and tells how many.
func (w writer) forgetExpired(tenant string, now time.Time, limit int) (int, error) {
	var rows [][]byte
	c := w.bucket(tenant, expiriesBucket).Cursor()
	for k, _ := c.First(); len(rows) < limit && len(k) > timeSize && !readTime(k).After(now); k, _ = c.Next() {
		rows = append(rows, bytes.Clone(k))
	}
	for _, row := range rows {
		if err := w.delete(tenant, requestsBucket, row[timeSize:]); err != nil {
			return 0, err
		}
		if err := w.delete(tenant, expiriesBucket, row); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// sealRequest makes the stored form of a claim. The fingerprint is a hash of what a person was created or changed with, so it
// is sealed with the person; that of a request about no stored lead is not.
func (w writer) sealRequest(tenant string, key []byte, request idmap.Request) ([]byte, error) {
	record := &storev1.RequestRecord{
		Fingerprint: request.Fingerprint, LeadId: request.LeadID, ExpireTime: timestamppb.New(request.ExpireTime),
	}
	keyID, dataKey, err := w.leadKey(tenant, request.LeadID)
	switch {
	case errors.Is(err, idmap.ErrNotFound), w.isErased(tenant, request.LeadID):
		return proto.Marshal(record)
	case err != nil:
		return nil, err
	}
	record.KeyId = keyID
	if record.Fingerprint, err = dataKey.Seal(request.Fingerprint, requestPlace(tenant, key)); err != nil {
		return nil, err
	}
	return proto.Marshal(record)
}

// request returns the stored form of a claim, nil if there is none.
func (r reader) request(tenant string, key []byte) (*storev1.RequestRecord, error) {
	value := r.get(tenant, requestsBucket, key)
	if value == nil {
		return nil, nil //nolint:nilnil // no claim is no error
	}
	return readRequest(value)
}

func readRequest(value []byte) (*storev1.RequestRecord, error) {
	record := new(storev1.RequestRecord)
	if err := proto.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("request key: damaged record: %w", err)
	}
	return record, nil
}

func requestPlace(tenant string, key []byte) string {
	return place("request", tenant, hex.EncodeToString(key))
}

func (s *Store) requestKey(tenant, method, requestID string) []byte {
	return s.secret.Sum("request", []byte(tenant), []byte(method), []byte(requestID))[:hashSize]
}

func expiryRow(expire time.Time, key []byte) []byte {
	return append(appendTime(nil, expire), key...)
}

// expired tells whether a claim may be forgotten.
func expired(record *storev1.RequestRecord, now time.Time) bool {
	return !now.Before(record.GetExpireTime().AsTime())
}
