package boltmap

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/idmap"
)

// maxProblems is how many problems a report lists.
const maxProblems = 1000

// Verify implements idmap.Store. It reads one picture of the index while others go on writing. A record whose data key is
// gone is told apart from a damaged one.
func (s *Store) Verify(ctx context.Context) (idmap.Report, error) {
	v := &verifier{ctx: ctx}
	var stop error
	damage := guarded(func() error {
		stop = s.view(func(btx *bbolt.Tx) error {
			v.reader = reader{s: s, btx: btx}
			return v.index()
		})
		return nil
	})
	if damage != nil {
		v.problem("Reading ended early: %v.", damage)
	}
	return v.report, stop
}

// VerifyDir verifies the index of a data directory that no process has open, and changes nothing in it. Beside what Verify
// does it checks the pages of both files. Its errors are those of Open.
func VerifyDir(ctx context.Context, cfg Config) (idmap.Report, error) {
	var s *Store
	err := guarded(func() (err error) {
		s, err = openDir(cfg, true)
		return err
	})
	if err != nil {
		return idmap.Report{}, err
	}
	report, err := s.Verify(ctx)
	v := &verifier{ctx: ctx, report: report}
	for _, db := range []*bbolt.DB{s.index, s.keys.db} {
		err = errors.Join(err, v.pages(db))
	}
	return v.report, errors.Join(err, s.index.Close(), s.keys.db.Close())
}

// verifier reads the index and takes down what does not agree. Its problems name our IDs, tenants and accounts, nothing else.
type verifier struct {
	reader
	ctx    context.Context // one verifier is one call
	report idmap.Report
	doubts map[string]uint64 // operations in doubt of the tenant being read, by account
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.report.Problems) < maxProblems {
		v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
	}
}

// unreadable takes down that a record of a tenant does not open.
func (v *verifier) unreadable(tenant, what string, err error) {
	if errors.Is(err, idmap.ErrErased) {
		v.problem("Tenant %q: %s was erased, and this older copy of the index does not know it; start the service once.", tenant, what)
		return
	}
	if errors.Is(err, ErrKeyGone) {
		v.problem("Tenant %q: %s is unreadable for good: its data key is gone, and not by an erasure; the key file is too old.", tenant, what)
		return
	}
	v.problem("Tenant %q: %s is damaged: %v.", tenant, what, err)
}

func (v *verifier) index() error {
	tenants := v.btx.Bucket(tenantsBucket)
	return tenants.ForEachBucket(func(name []byte) error {
		tenant := string(name)
		for _, check := range []func(string) error{
			v.leads, v.lookupRows, v.bindings, v.owners, v.requests, v.expiries, v.operations, v.openRows, v.journal, v.stops, v.polls, v.followed, v.events, v.subjectRows, v.erased,
			v.suppressions, v.suppressedRows,
			v.deliveries, v.waiting, v.sessions,
			v.subscriptions, v.outgoing, v.outgoingRows,
		} {
			if err := check(tenant); err != nil {
				return err
			}
		}
		return nil
	})
}

// each calls fn with every key and value of a bucket of a tenant. It ends early only when the caller has gone.
func (v *verifier) each(tenant string, name bucketName, fn func(key, value []byte)) error {
	b := v.bucket(tenant, name)
	if b == nil {
		return nil
	}
	return b.ForEach(func(key, value []byte) error {
		fn(key, value)
		return v.ctx.Err()
	})
}

// has tells whether a bucket of a tenant has a key.
func (v *verifier) has(tenant string, name bucketName, key []byte) bool {
	return v.get(tenant, name, key) != nil
}

// pages checks the structure of a file that nobody writes to.
func (v *verifier) pages(db *bbolt.DB) error {
	return db.View(func(btx *bbolt.Tx) error {
		for err := range btx.Check() {
			v.problem("%s: %v.", db.Path(), err)
		}
		return v.ctx.Err()
	})
}
