package convertalk

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// entry is what the listing must know of a record to find it: order and type.
type entry struct {
	uuid      string
	seq       uint64
	createdAt time.Time
	leadSince *time.Time
}

func entryOf(l Lead) entry { return entry{l.UUID, l.Seq, l.CreatedAt, l.LeadSince} }

// index holds the entries of all records in the order of the listing: newest first by creation. It
// lives in memory, so that a page costs what is on it and not all there is.
type index struct {
	mu      sync.RWMutex
	entries []entry
}

// loadIndex reads the index from the ledger.
func loadIndex(ledger *kit.Ledger) (*index, error) {
	x := &index{}
	err := ledger.View(func(tx *kit.Tx) error {
		return tx.Each(KindLead, func(_ string, raw json.RawMessage) error {
			var l Lead
			if err := json.Unmarshal(raw, &l); err != nil {
				return err
			}
			x.entries = append(x.entries, entryOf(l))
			return nil
		})
	})
	slices.SortFunc(x.entries, newestFirst)
	return x, err
}

func newestFirst(a, b entry) int {
	return cmp.Or(b.createdAt.Compare(a.createdAt), cmp.Compare(b.seq, a.seq))
}

// put takes over records that were stored.
func (x *index) put(leads ...Lead) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var fresh []entry
	for _, l := range leads {
		e := entryOf(l)
		at, known := slices.BinarySearchFunc(x.entries, e, newestFirst)
		if !known {
			fresh = append(fresh, e)
			continue
		}
		// Two writers may arrive here in another order than they wrote; nothing unmakes a lead.
		x.entries[at].leadSince = cmp.Or(x.entries[at].leadSince, e.leadSince)
	}
	if len(fresh) > 0 {
		x.entries = append(x.entries, fresh...)
		slices.SortFunc(x.entries, newestFirst)
	}
}

// remove forgets a record that was deleted.
func (x *index) remove(l Lead) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if at, known := slices.BinarySearchFunc(x.entries, entryOf(l), newestFirst); known {
		x.entries = slices.Delete(x.entries, at, at+1)
	}
}

// page returns the uuids on one page of a type, as the listing knows it at the given time: a new
// record, or one that became a lead, is seen so only from then on.
func (x *index) page(kind string, seenUntil time.Time, page int) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if page-1 > len(x.entries)/pageSize { // also keeps the product below from overflowing
		return nil
	}
	skip, uuids := (page-1)*pageSize, []string(nil)
	for _, e := range x.entries {
		isLead := e.leadSince != nil && !e.leadSince.After(seenUntil)
		if e.createdAt.After(seenUntil) || isLead != (kind == typeLead) {
			continue
		}
		if skip--; skip >= 0 {
			continue
		}
		if uuids = append(uuids, e.uuid); len(uuids) == pageSize {
			break
		}
	}
	return uuids
}
