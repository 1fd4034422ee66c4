package kit

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Effects a request can have on a record; no effect is the empty string.
const (
	EffectCreated = "created"
	EffectUpdated = "updated"
)

// Request is the ledger's note of one request that reached the vendor.
// Headers are left out on purpose: they carry the credentials.
type Request struct {
	// Seq numbers requests in the order they arrived, from 1, over restarts.
	Seq uint64 `json:"seq"`
	// Time is when the request's header had been read.
	Time time.Time `json:"time"`
	// Method is the HTTP method.
	Method string `json:"method"`
	// Path is the path under the vendor's base path, or the whole path when
	// the request missed the base.
	Path string `json:"path"`
	// Query is the raw query string.
	Query string `json:"query,omitempty"`
	// Status is the HTTP status given; 0 means that no answer was sent.
	Status int `json:"status"`
	// Record is the id of the record the request touched.
	Record string `json:"record,omitempty"`
	// Effect is EffectCreated, EffectUpdated, or empty if nothing changed.
	Effect string `json:"effect,omitempty"`
	// Fault describes the injected fault that applied, if any.
	Fault string `json:"fault,omitempty"`
	// Body is the request body if it was JSON.
	Body json.RawMessage `json:"body,omitempty"`
}

// Arrive gives the next sequence number together with the time of arrival;
// taking both in one step keeps number order and time order the same.
func (l *Ledger) Arrive(now func() time.Time) (uint64, time.Time) {
	l.arriveMu.Lock()
	defer l.arriveMu.Unlock()
	l.lastSeq++
	return l.lastSeq, now().UTC()
}

// AppendRequest stores r and returns once it is on disk. A zero Seq is filled
// with the next number. Requests that end at the same time share one commit.
func (l *Ledger) AppendRequest(r *Request) error {
	if r.Seq == 0 {
		r.Seq, _ = l.Arrive(time.Now)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode request %d: %w", r.Seq, err)
	}
	w := &requestWrite{seq: r.Seq, raw: raw, done: make(chan error, 1)}
	return l.group.write(w, l.writeRequests)
}

// Requests returns all requests in the order they arrived.
func (l *Ledger) Requests() ([]Request, error) {
	var all []Request
	err := l.db.View(func(btx *bbolt.Tx) error {
		return btx.Bucket(bucketRequests).ForEach(func(_, raw []byte) error {
			var r Request
			if err := json.Unmarshal(raw, &r); err != nil {
				return fmt.Errorf("decode request: %w", err)
			}
			all = append(all, r)
			return nil
		})
	})
	return all, err
}

// writeRequests stores a batch in one transaction.
func (l *Ledger) writeRequests(batch []*requestWrite) error {
	return l.db.Update(func(btx *bbolt.Tx) error {
		b := btx.Bucket(bucketRequests)
		for _, w := range batch {
			if err := b.Put(binary.BigEndian.AppendUint64(nil, w.seq), w.raw); err != nil {
				return fmt.Errorf("store request %d: %w", w.seq, err)
			}
		}
		return nil
	})
}
