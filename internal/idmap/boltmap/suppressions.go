package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

const suppressionPlace = "suppression"

// person is the start of a row in suppressed: kind and keyed hash of what a person is known by.
func (s *Store) person(tenant string, key idmap.PersonKey) []byte {
	value := key.Value
	if key.Kind == idmap.PersonEmail {
		value = strings.ToLower(value)
	}
	sum := s.secret.Sum("suppressed", []byte(tenant), []byte{byte(key.Kind)}, []byte(value))
	return append([]byte{byte(key.Kind)}, sum[:hashSize]...)
}

// Suppression implements idmap.Reader.
func (r reader) Suppression(tenant, suppressionID string) (*leadmuxv1.Suppression, error) {
	record, err := r.suppressionRecord(tenant, suppressionID)
	if err != nil {
		return nil, err
	}
	return r.openSuppression(tenant, suppressionID, record)
}

// suppressionRecord returns a suppression's stored form, or idmap.ErrNotFound.
func (r reader) suppressionRecord(tenant, suppressionID string) (*storev1.SuppressionRecord, error) {
	value := r.get(tenant, suppressionsBucket, []byte(suppressionID))
	if value == nil {
		return nil, fmt.Errorf("suppression %s: %w", suppressionID, idmap.ErrNotFound)
	}
	return readSuppression(suppressionID, value)
}

func readSuppression(suppressionID string, value []byte) (*storev1.SuppressionRecord, error) {
	record := new(storev1.SuppressionRecord)
	if err := proto.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("suppression %s: damaged record: %w", suppressionID, err)
	}
	return record, nil
}

// openSuppression puts a suppression's texts back, unless their key is gone with the person.
func (r reader) openSuppression(tenant, suppressionID string, record *storev1.SuppressionRecord) (*leadmuxv1.Suppression, error) {
	suppression := record.GetSuppression()
	if record.GetKeyId() == "" {
		return suppression, nil
	}
	var texts storev1.SuppressionTexts
	err := r.open(tenant, record.GetKeyId(), record.GetSealed(), place(suppressionPlace, tenant, suppressionID), &texts)
	if errors.Is(err, ErrKeyGone) {
		return suppression, nil
	}
	if err != nil {
		return nil, err
	}
	suppression.Evidence = texts.GetEvidence()
	for i, evidence := range texts.GetReconsents() {
		if i < len(suppression.GetReconsents()) {
			suppression.Reconsents[i].Evidence = evidence
		}
	}
	return suppression, nil
}

// SuppressionsOf implements idmap.Reader.
func (r reader) SuppressionsOf(tenant string, keys []idmap.PersonKey) ([]*leadmuxv1.Suppression, error) {
	b := r.bucket(tenant, suppressedBucket)
	if b == nil {
		return nil, nil
	}
	var ids []string
	for _, key := range keys {
		prefix := r.s.person(tenant, key)
		c := b.Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			ids = append(ids, string(k[len(prefix):]))
		}
	}
	slices.Sort(ids) // by time: the IDs are
	var found []*leadmuxv1.Suppression
	for _, id := range slices.Compact(ids) {
		suppression, err := r.Suppression(tenant, id)
		if err != nil {
			return nil, err
		}
		found = append(found, suppression)
	}
	return found, nil
}

// PutSuppression implements idmap.Tx.
func (w writer) PutSuppression(tenant string, suppression *leadmuxv1.Suppression, keys []idmap.PersonKey) error {
	id := suppression.GetSuppressionId()
	record, err := w.suppressionRecord(tenant, id)
	if errors.Is(err, idmap.ErrNotFound) {
		record, err = new(storev1.SuppressionRecord), nil
	}
	if err != nil {
		return err
	}
	for _, key := range keys {
		if p := w.s.person(tenant, key); key.Value != "" && !contains(record.GetKeys(), p) {
			record.Keys = append(record.Keys, p)
			if err := w.put(tenant, suppressedBucket, append(bytes.Clone(p), id...), []byte{}); err != nil {
				return err
			}
		}
	}
	if err := w.sealSuppression(tenant, suppression, record); err != nil {
		return fmt.Errorf("suppression %s: %w", id, err)
	}
	value, err := proto.Marshal(record)
	if err != nil {
		return fmt.Errorf("suppression %s: %w", id, err)
	}
	return w.put(tenant, suppressionsBucket, []byte(id), value)
}

// sealSuppression puts the suppression into its record, its texts sealed. Texts whose key is gone stay gone.
func (w writer) sealSuppression(tenant string, suppression *leadmuxv1.Suppression, record *storev1.SuppressionRecord) error {
	texts := &storev1.SuppressionTexts{Evidence: suppression.GetEvidence()}
	record.Suppression = proto.CloneOf(suppression)
	record.Suppression.Evidence = ""
	personal := texts.GetEvidence() != ""
	for _, r := range record.GetSuppression().GetReconsents() {
		texts.Reconsents = append(texts.Reconsents, r.GetEvidence())
		personal = personal || r.GetEvidence() != ""
		r.Evidence = ""
	}
	if !personal && record.GetKeyId() == "" {
		return nil
	}
	keyID, key, err := w.suppressionKey(tenant, suppression, record)
	if errors.Is(err, ErrKeyGone) {
		return nil
	}
	if err != nil {
		return err
	}
	plain, err := proto.Marshal(texts)
	if err != nil {
		return err
	}
	record.KeyId = keyID
	record.Sealed, err = key.Seal(plain, place(suppressionPlace, tenant, suppression.GetSuppressionId()))
	return err
}

// suppressionKey is the key of a suppression's texts: the one it has, that of its first lead, or a new one.
func (w writer) suppressionKey(tenant string, suppression *leadmuxv1.Suppression, record *storev1.SuppressionRecord) (string, *seal.DataKey, error) {
	if id := record.GetKeyId(); id != "" {
		key, err := w.dataKey(tenant, id)
		return id, key, err
	}
	for _, leadID := range suppression.GetLeadIds() {
		id, key, err := w.leadKey(tenant, leadID)
		if !errors.Is(err, idmap.ErrNotFound) { // else it was erased
			return id, key, err
		}
	}
	return w.s.keys.take(w.btx.Bucket(metaBucket))
}

// ListSuppressions implements idmap.Reader.
func (r reader) ListSuppressions(tenant string, filter idmap.SuppressionFilter, before string, limit int) ([]*leadmuxv1.Suppression, string, error) {
	b := r.bucket(tenant, suppressionsBucket)
	if b == nil || limit < 1 {
		return nil, "", nil
	}
	var list []*leadmuxv1.Suppression
	last := ""
	c := b.Cursor()
	looked := 0
	for k, v := lastBefore(c, []byte(before)); k != nil; k, v = c.Prev() {
		if len(list) == limit || looked == lookAtMost {
			return list, last, nil
		}
		looked++
		last = string(k)
		record, err := readSuppression(last, v)
		if err != nil {
			return nil, "", err
		}
		if !passesSuppression(filter, record.GetSuppression()) {
			continue
		}
		suppression, err := r.openSuppression(tenant, last, record)
		if err != nil {
			return nil, "", err
		}
		list = append(list, suppression)
	}
	return list, "", nil
}

func passesSuppression(filter idmap.SuppressionFilter, s *leadmuxv1.Suppression) bool {
	const anyState = leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_UNSPECIFIED
	switch {
	case filter.LeadID != "" && !slices.Contains(s.GetLeadIds(), filter.LeadID):
		return false
	case filter.Blocking && len(s.GetBlocked()) == 0:
		return false
	case filter.Account == "" && filter.Notice == anyState:
		return true
	}
	return slices.ContainsFunc(s.GetNotices(), func(n *leadmuxv1.VendorNotice) bool {
		return (filter.Account == "" || n.GetAccount() == filter.Account) && (filter.Notice == anyState || n.GetState() == filter.Notice)
	})
}
