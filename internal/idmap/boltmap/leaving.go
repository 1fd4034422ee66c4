package boltmap

import (
	"errors"
	"fmt"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Leaving implements idmap.Reader.
func (r reader) Leaving(tenant, leadID string) (*leadmuxv1.Lead, error) {
	record, err := r.leavingRecord(tenant, leadID)
	if err != nil {
		return nil, err
	}
	return r.openLead(tenant, leadID, record)
}

// leavingRecord returns the stored form of what is left of a lead, or idmap.ErrNotFound.
func (r reader) leavingRecord(tenant, leadID string) (*storev1.LeadRecord, error) {
	record, err := r.leadRecord(tenant, leadID)
	if errors.Is(err, idmap.ErrErased) || err == nil && !record.GetLeaving() {
		return nil, fmt.Errorf("what is left of lead %s: %w", leadID, idmap.ErrNotFound)
	}
	return record, err
}

// PutLeaving implements idmap.Tx. It stands where the lead stood, but has no look-ups, and Lead does not return it.
func (w writer) PutLeaving(tenant string, rest *leadmuxv1.Lead) error {
	id := rest.GetLeadId()
	if !w.isErased(tenant, id) {
		return fmt.Errorf("lead %s is not erased: %w", id, idmap.ErrNotFound)
	}
	old, err := w.leavingRecord(tenant, id)
	if errors.Is(err, idmap.ErrNotFound) {
		old, err = nil, nil
	}
	if err != nil {
		return err
	}
	keyID, key, err := w.ownKey(tenant, old.GetKeyId())
	if err != nil {
		return err
	}
	value, err := sealLead(keyID, key, rest, &storev1.LeadRecord{Leaving: true}, place(leadPlace, tenant, id))
	if err != nil {
		return err
	}
	return w.put(tenant, leadsBucket, []byte(id), value)
}

// DropLeaving implements idmap.Tx.
func (w writer) DropLeaving(tenant, leadID string) error {
	record, err := w.leavingRecord(tenant, leadID)
	if errors.Is(err, idmap.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(w.closeOpen(tenant, leadID), w.unlist(tenant, leadID)); err != nil {
		return err
	}
	if err := w.put(tenant, erasedBucket, erasedKeyID(record.GetKeyId()), []byte(leadID)); err != nil {
		return err
	}
	w.dropOnCommit(tenant, leadID, record.GetKeyId())
	return w.delete(tenant, leadsBucket, []byte(leadID))
}

// leaving checks what is left of an erased lead.
func (v *verifier) leaving(tenant, id string) {
	if _, err := v.Leaving(tenant, id); err != nil {
		v.unreadable(tenant, "what is left of lead "+id, err)
	}
	if !v.isErased(tenant, id) {
		v.problem("Tenant %q: what is left of lead %s belongs to no erased lead.", tenant, id)
	}
}
