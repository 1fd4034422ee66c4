package boltmap

import (
	"bytes"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// hashSize is how much of a keyed hash stands in a key, in bytes: enough that no two values ever share one, short because
// most leads have three or four.
const hashSize = 16

// lookup is the start of a look-up row's key: kind and keyed hash of what a lead is found by. The lead's ID follows in the
// row, so that all leads of one look-up stand together in the order of their IDs.
func (s *Store) lookup(tenant string, key idmap.LeadKey) []byte {
	value := key.Value
	if key.Kind == idmap.KeyEmail {
		value = strings.ToLower(value)
	}
	sum := s.secret.Sum("lookup", []byte(tenant), []byte{byte(key.Kind)}, []byte(value))
	return append([]byte{byte(key.Kind)}, sum[:hashSize]...)
}

// lookups are the look-ups of a lead, each once.
func (s *Store) lookups(tenant string, lead *leadmuxv1.Lead) [][]byte {
	var found [][]byte
	for _, key := range []idmap.LeadKey{
		{Kind: idmap.KeyExternalID, Value: lead.GetExternalId()},
		{Kind: idmap.KeyEmail, Value: lead.GetEmail()},
		{Kind: idmap.KeyPhone, Value: lead.GetPhone()},
		{Kind: idmap.KeyOtherPhone, Value: lead.GetHomePhone()},
		{Kind: idmap.KeyOtherPhone, Value: lead.GetWorkPhone()},
	} {
		if key.Value == "" {
			continue
		}
		if l := s.lookup(tenant, key); !contains(found, l) {
			found = append(found, l)
		}
	}
	return found
}

// contains tells whether key is among keys.
func contains(keys [][]byte, key []byte) bool {
	return slices.ContainsFunc(keys, func(other []byte) bool { return bytes.Equal(other, key) })
}

// moveLookups replaces the look-up rows of a lead.
func (w writer) moveLookups(tenant, id string, from, to [][]byte) error {
	for _, l := range from {
		if contains(to, l) {
			continue
		}
		if err := w.delete(tenant, lookupsBucket, lookupRow(l, id)); err != nil {
			return err
		}
	}
	for _, l := range to {
		if contains(from, l) {
			continue
		}
		if err := w.put(tenant, lookupsBucket, lookupRow(l, id), []byte{}); err != nil {
			return err
		}
	}
	return nil
}

func lookupRow(lookup []byte, leadID string) []byte {
	return append(bytes.Clone(lookup), leadID...)
}

// FindLeads implements idmap.Reader.
func (r reader) FindLeads(tenant string, key idmap.LeadKey, limit int) ([]string, error) {
	b := r.bucket(tenant, lookupsBucket)
	if b == nil {
		return nil, nil
	}
	prefix := r.s.lookup(tenant, key)
	var ids []string
	c := b.Cursor()
	for k, _ := lastBefore(c, behind(prefix)); bytes.HasPrefix(k, prefix) && len(ids) < limit; k, _ = c.Prev() {
		ids = append(ids, string(k[len(prefix):]))
	}
	return ids, nil
}
