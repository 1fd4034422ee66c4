package boltmap

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// benchWriters are the numbers of goroutines that write at once.
var benchWriters = []int{1, 64, 256}

// parallel runs fn from many goroutines, with a number that none other gets.
func parallel(b *testing.B, writers int, fn func(i int64) error) {
	b.Helper()
	var n atomic.Int64
	b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fn(n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

// BenchmarkBind makes durable mappings, both directions: the store's committer against bbolt's own Batch.
func BenchmarkBind(b *testing.B) {
	for _, writers := range benchWriters {
		b.Run(fmt.Sprintf("update-%d", writers), func(b *testing.B) {
			s := openStore(b, Config{Dir: b.TempDir(), Secret: newSecret(b, 1)})
			parallel(b, writers, func(i int64) error {
				id, ref := typeid.New(typeid.Lead), idmap.VendorRef{Account: "west", Kind: idmap.KindCall, VendorID: fmt.Sprintf("vendor-%020d", i)}
				return s.Update(context.Background(), func(tx idmap.Tx) error { return tx.Bind("acme", ref, id) })
			})
		})
		b.Run(fmt.Sprintf("batch-%d", writers), func(b *testing.B) {
			db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{InitialMmapSize: mapSize, FreelistType: bbolt.FreelistMapType})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			parallel(b, writers, func(i int64) error {
				id, ref := []byte(typeid.New(typeid.Lead)), fmt.Appendf(nil, "west-vendor-%020d", i)
				return db.Batch(func(btx *bbolt.Tx) error {
					for name, row := range map[string][2][]byte{"forward": {id, ref}, "reverse": {ref, id}} {
						bucket, err := btx.CreateBucketIfNotExists([]byte(name))
						if err != nil {
							return err
						}
						if err := bucket.Put(row[0], row[1]); err != nil {
							return err
						}
					}
					return nil
				})
			})
		})
	}
}

// BenchmarkCreateLead makes what a create makes durable before it answers: claim, lead, operation and event.
func BenchmarkCreateLead(b *testing.B) {
	for _, writers := range benchWriters {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			s := openStore(b, Config{Dir: b.TempDir(), Secret: newSecret(b, 1)})
			parallel(b, writers, func(i int64) error {
				lead := canaryLead()
				lead.ExternalId, lead.Email = fmt.Sprint(i), fmt.Sprintf("%d@example.com", i)
				op := &leadmuxv1.Operation{
					OperationId: typeid.New(typeid.Operation), LeadId: lead.GetLeadId(), Account: "west",
					State: leadmuxv1.OperationState_OPERATION_STATE_STARTED,
				}
				return s.Update(context.Background(), func(tx idmap.Tx) error {
					claim := idmap.Request{LeadID: lead.GetLeadId(), ExpireTime: epochs}
					if err := tx.PutRequest("acme", "CreateLead", lead.GetExternalId(), claim, epochs.AddDate(-1, 0, 0)); err != nil {
						return err
					}
					if err := tx.PutLead("acme", lead); err != nil {
						return err
					}
					if err := tx.PutOperation("acme", op); err != nil {
						return err
					}
					return tx.AppendEvent("acme", &leadmuxv1.Event{EventId: typeid.New(typeid.Event), Type: "lead.created", LeadId: lead.GetLeadId()})
				})
			})
		})
	}
}

// BenchmarkLead reads leads by their IDs, all keys in the cache.
func BenchmarkLead(b *testing.B) {
	s := openStore(b, Config{Dir: b.TempDir(), Secret: newSecret(b, 1)})
	ids := addLeads(b, s, 1000)
	b.ResetTimer()
	for i := range b.N {
		if err := s.View(context.Background(), func(r idmap.Reader) error {
			_, err := r.Lead("acme", ids[i%len(ids)])
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}
