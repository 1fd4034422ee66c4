package boltmap

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

const leadPlace = "lead"

// Lead implements idmap.Reader. The error of an erased lead is also ErrKeyGone.
func (r reader) Lead(tenant, leadID string) (*leadmuxv1.Lead, error) {
	record, err := r.leadRecord(tenant, leadID)
	if err == nil && record.GetLeaving() {
		err = fmt.Errorf("lead %s: %w", leadID, idmap.ErrErased)
	}
	if err != nil {
		return nil, err
	}
	return r.openLead(tenant, leadID, record)
}

// leadRecord returns a lead's stored form, or idmap.ErrNotFound.
func (r reader) leadRecord(tenant, leadID string) (*storev1.LeadRecord, error) {
	value := r.get(tenant, leadsBucket, []byte(leadID))
	if value == nil && r.isErased(tenant, leadID) {
		return nil, fmt.Errorf("lead %s: %w", leadID, idmap.ErrErased)
	}
	if value == nil {
		return nil, fmt.Errorf("lead %s: %w", leadID, idmap.ErrNotFound)
	}
	record := new(storev1.LeadRecord)
	if err := proto.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("lead %s: damaged record: %w", leadID, err)
	}
	return record, nil
}

func (r reader) openLead(tenant, leadID string, record *storev1.LeadRecord) (*leadmuxv1.Lead, error) {
	lead := new(leadmuxv1.Lead)
	err := r.open(tenant, record.GetKeyId(), record.GetSealed(), place(leadPlace, tenant, leadID), lead)
	if err != nil {
		return nil, err
	}
	return lead, nil
}

// leadKey returns the data key of a stored lead, or idmap.ErrNotFound.
func (r reader) leadKey(tenant, leadID string) (string, *seal.DataKey, error) {
	record, err := r.leadRecord(tenant, leadID)
	if err != nil {
		return "", nil, err
	}
	key, err := r.dataKey(tenant, record.GetKeyId())
	if err != nil {
		return "", nil, fmt.Errorf("lead %s: %w", leadID, err)
	}
	return record.GetKeyId(), key, nil
}

// PutLead implements idmap.Tx. A lead keeps the data key it was first stored with.
func (w writer) PutLead(tenant string, lead *leadmuxv1.Lead) error {
	id := lead.GetLeadId()
	old, err := w.leadRecord(tenant, id)
	if errors.Is(err, idmap.ErrNotFound) && !errors.Is(err, idmap.ErrErased) {
		old, err = nil, nil
	}
	if err == nil && old.GetLeaving() {
		err = fmt.Errorf("lead %s: %w", id, idmap.ErrErased)
	}
	if err != nil {
		return err
	}
	lookups := w.s.lookups(tenant, lead)
	if err := w.checkExternalID(tenant, id, lookups); err != nil {
		return err
	}
	keyID, key, err := w.ownKey(tenant, old.GetKeyId())
	if err != nil {
		return fmt.Errorf("lead %s: %w", id, err)
	}
	value, err := sealLead(keyID, key, lead, &storev1.LeadRecord{UpdateTime: lead.GetUpdateTime(), Engagements: marks(lead), Lookups: lookups}, place(leadPlace, tenant, id))
	if err != nil {
		return err
	}
	if err := w.put(tenant, leadsBucket, []byte(id), value); err != nil {
		return err
	}
	return w.moveLookups(tenant, id, old.GetLookups(), lookups)
}

// ownKey returns the key that a record was stored with, or a new one where there is no record yet.
func (w writer) ownKey(tenant, id string) (string, *seal.DataKey, error) {
	if id != "" {
		key, err := w.dataKey(tenant, id)
		return id, key, err
	}
	return w.s.keys.take(w.btx.Bucket(metaBucket))
}

// sealLead makes the stored form of a lead of what that says in clear.
func sealLead(keyID string, key *seal.DataKey, lead *leadmuxv1.Lead, record *storev1.LeadRecord, place string) ([]byte, error) {
	plain, err := proto.Marshal(lead)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	sealed, err := key.Seal(plain, place)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	record.KeyId, record.Sealed = keyID, sealed
	return proto.Marshal(record)
}

// marks is what a lead's stored form says in clear of its engagements.
func marks(lead *leadmuxv1.Lead) []*storev1.EngagementMark {
	var marks []*storev1.EngagementMark
	for _, e := range lead.GetEngagements() {
		marks = append(marks, &storev1.EngagementMark{Account: e.GetAccount(), State: e.GetState()})
	}
	return marks
}

// checkExternalID fails with idmap.ErrKeyTaken if another lead has the external ID that is among the look-ups.
func (w writer) checkExternalID(tenant, id string, lookups [][]byte) error {
	b := w.bucket(tenant, lookupsBucket)
	if b == nil {
		return nil
	}
	for _, l := range lookups {
		if idmap.KeyKind(l[0]) != idmap.KeyExternalID {
			continue
		}
		if k := firstWith(b, l); k != nil && !bytes.Equal(k[len(l):], []byte(id)) {
			return fmt.Errorf("external_id: %w", idmap.ErrKeyTaken)
		}
	}
	return nil
}
