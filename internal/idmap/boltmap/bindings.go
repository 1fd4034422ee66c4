package boltmap

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
)

// errNoRef is returned for a binding with an empty part: it would tie whatever else lacks that part to the same ID.
var errNoRef = errors.New("a binding needs an account, a kind, a vendor ID and an ID of ours")

// Owner implements idmap.Reader. The IDs of an erased lead lead to it for good, so that what a vendor still says of it is known
// to be about nobody.
func (r reader) Owner(tenant string, ref idmap.VendorRef) (string, error) {
	id := r.get(tenant, ownersBucket, refKey(ref))
	if id == nil {
		id = r.get(tenant, erasedBucket, r.s.erasedRef(tenant, ref))
	}
	if id == nil {
		return "", fmt.Errorf("vendor ID at account %s: %w", ref.Account, idmap.ErrNotFound)
	}
	return string(id), nil
}

// Bindings implements idmap.Reader; the order is account, kind, vendor ID.
func (r reader) Bindings(tenant, id string) ([]idmap.VendorRef, error) {
	b := r.bucket(tenant, bindingsBucket)
	if b == nil {
		return nil, nil
	}
	prefix := appendText(nil, id)
	var refs []idmap.VendorRef
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		ref, ok := readRef(k[len(prefix):])
		if !ok {
			return nil, fmt.Errorf("bindings of %s: damaged key", id)
		}
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b idmap.VendorRef) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VendorID, b.VendorID))
	})
	return refs, nil
}

// Bind implements idmap.Tx. It does not look for the record of id, which may come later in the transaction.
func (w writer) Bind(tenant string, ref idmap.VendorRef, id string) error {
	if ref.Account == "" || ref.Kind == 0 || ref.VendorID == "" || id == "" {
		return errNoRef
	}
	if w.isErased(tenant, id) {
		return fmt.Errorf("bind at account %s to %s: %w", ref.Account, id, idmap.ErrErased)
	}
	key := refKey(ref)
	if owner := w.get(tenant, ownersBucket, key); owner != nil {
		if string(owner) == id {
			return nil
		}
		return fmt.Errorf("bind at account %s: %w", ref.Account, idmap.ErrBound)
	}
	if err := w.put(tenant, ownersBucket, key, []byte(id)); err != nil {
		return err
	}
	if mutant.BindOneWay {
		return nil
	}
	return w.put(tenant, bindingsBucket, bindingKey(id, key), []byte{})
}

// Unbind implements idmap.Tx.
func (w writer) Unbind(tenant string, ref idmap.VendorRef) error {
	key := refKey(ref)
	owner := bytes.Clone(w.get(tenant, ownersBucket, key))
	if owner == nil {
		return nil
	}
	if err := w.delete(tenant, ownersBucket, key); err != nil {
		return err
	}
	return w.delete(tenant, bindingsBucket, bindingKey(string(owner), key))
}

// bindingKey is the key in bindings of what has refKey in owners.
func bindingKey(id string, refKey []byte) []byte {
	return append(appendText(nil, id), refKey...)
}
