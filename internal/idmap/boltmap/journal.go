package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// First bytes of the rows in the journal bucket.
const (
	ofLeadRow  = 'l'
	ofStateRow = 's'
)

// ofLead and ofState are what the rows of a lead's operations, and of those in one state, begin with.
func ofLead(leadID string) []byte                   { return appendText([]byte{ofLeadRow}, leadID) }
func ofState(state leadmuxv1.OperationState) []byte { return []byte{ofStateRow, byte(state)} }

// journalRows are the rows that lead lists to an operation with this mark, none without one. Operations in the state of nearly all
// of them have no row of it.
func journalRows(mark *storev1.OperationMark, id string) [][]byte {
	var rows [][]byte
	if mark.GetLeadId() != "" {
		rows = append(rows, append(ofLead(mark.GetLeadId()), id...))
	}
	if listed(mark.GetState()) {
		rows = append(rows, append(ofState(mark.GetState()), id...))
	}
	return rows
}

func listed(state leadmuxv1.OperationState) bool {
	return state != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED && state != leadmuxv1.OperationState_OPERATION_STATE_UNSPECIFIED
}

// markOf is what an operation's stored form says in clear.
func markOf(op *leadmuxv1.Operation) *storev1.OperationMark {
	return &storev1.OperationMark{
		State: op.GetState(), Account: op.GetAccount(), LeadId: op.GetLeadId(), Method: op.GetMethod(), CreateTime: op.GetCreateTime(),
	}
}

// mark reads an operation's mark, which is in clear.
func (r reader) mark(tenant, id string) (*storev1.OperationMark, error) {
	var record storev1.SealedRecord
	if err := proto.Unmarshal(r.get(tenant, operationsBucket, []byte(id)), &record); err != nil {
		return nil, fmt.Errorf("operation %s: damaged record: %w", id, err)
	}
	return record.GetMark(), nil
}

// unlist takes the operations of a lead that is erased out of the lists. They need not be readable.
func (w writer) unlist(tenant, leadID string) error {
	for _, id := range w.operationsOf(tenant, leadID) {
		mark, err := w.mark(tenant, id)
		if err != nil {
			return err
		}
		if err := w.replaceRows(tenant, journalBucket, journalRows(mark, id), nil); err != nil {
			return err
		}
		if mark.GetState() == leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT {
			if err := w.count(tenant, doubtsOf(mark.GetAccount()), -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// ListOperations implements idmap.Reader. The narrowest rows that the filter allows are walked: a lead's, a state's, or all.
func (r reader) ListOperations(tenant string, filter idmap.OperationFilter, before string, limit int) ([]*leadmuxv1.Operation, string, error) {
	name, prefix := operationsBucket, []byte(nil)
	switch {
	case filter.LeadID != "":
		name, prefix = journalBucket, ofLead(filter.LeadID)
	case listed(filter.State):
		name, prefix = journalBucket, ofState(filter.State)
	}
	b := r.bucket(tenant, name)
	if b == nil || limit < 1 {
		return nil, "", nil
	}
	bound := behind(prefix)
	if before != "" {
		bound = append(bytes.Clone(prefix), before...)
	}
	var ops []*leadmuxv1.Operation
	last := ""
	c := b.Cursor()
	looked := 0
	for k, _ := lastBefore(c, bound); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		if len(ops) == limit || looked == lookAtMost {
			return ops, last, nil
		}
		looked++
		last = string(k[len(prefix):])
		op, err := r.pickOperation(tenant, last, filter)
		if err != nil {
			return nil, "", err
		}
		if op != nil {
			ops = append(ops, op)
		}
	}
	return ops, "", nil
}

// pickOperation opens an operation if it passes filter and its lead was not erased, else it is nil.
func (r reader) pickOperation(tenant, id string, filter idmap.OperationFilter) (*leadmuxv1.Operation, error) {
	mark, err := r.mark(tenant, id)
	if err != nil {
		return nil, err
	}
	if !passesMark(filter, mark) {
		return nil, nil //nolint:nilnil // not one of the list
	}
	op, err := r.Operation(tenant, id)
	if errors.Is(err, ErrKeyGone) {
		return nil, nil //nolint:nilnil // nor one whose lead was erased
	}
	return op, err
}

func passesMark(filter idmap.OperationFilter, mark *storev1.OperationMark) bool {
	created := mark.GetCreateTime().AsTime()
	switch {
	case filter.State != 0 && filter.State != mark.GetState(),
		filter.Account != "" && filter.Account != mark.GetAccount(),
		filter.Accounts != nil && !slices.Contains(filter.Accounts, mark.GetAccount()),
		filter.LeadID != "" && filter.LeadID != mark.GetLeadId(),
		filter.Method != "" && filter.Method != mark.GetMethod(),
		!filter.CreatedAfter.IsZero() && !created.After(filter.CreatedAfter),
		!filter.CreatedBefore.IsZero() && !created.Before(filter.CreatedBefore):
		return false
	}
	return true
}

// InDoubt implements idmap.Reader.
func (r reader) InDoubt(tenant, account string) (int, error) {
	return int(readDepth(r.get(tenant, openBucket, doubtsOf(account)))), nil
}

// Backlogs implements idmap.Reader. It reads a row for each account and priority, however many operations there are.
func (r reader) Backlogs() ([]idmap.Backlog, error) {
	var backlogs []idmap.Backlog
	tenants := r.btx.Bucket(tenantsBucket)
	err := tenants.ForEachBucket(func(name []byte) error {
		b := tenants.Bucket(name).Bucket([]byte(openBucket))
		if b == nil {
			return nil
		}
		found := map[string]*idmap.Backlog{}
		at := func(account string) *idmap.Backlog {
			if found[account] == nil {
				found[account] = &idmap.Backlog{Tenant: string(name), Account: account}
			}
			return found[account]
		}
		for _, kind := range []byte{depthRow, doubtRow} {
			c := b.Cursor()
			for k, v := c.Seek([]byte{kind}); len(k) > 0 && k[0] == kind; k, v = c.Next() {
				account, _, ok := cutText(k[1:])
				if !ok {
					return errors.New("a count of operations is damaged")
				}
				if kind == depthRow {
					at(account).Queued += int(readDepth(v))
				} else {
					at(account).InDoubt += int(readDepth(v))
				}
			}
		}
		for _, account := range slices.Sorted(maps.Keys(found)) {
			backlogs = append(backlogs, *found[account])
		}
		return nil
	})
	return backlogs, err
}

// doubtsOf is the row that counts an account's operations in doubt.
func doubtsOf(account string) []byte { return appendText([]byte{doubtRow}, account) }

// journal checks that every row of a list leads to an operation that has it.
func (v *verifier) journal(tenant string) error {
	return v.each(tenant, journalBucket, func(key, _ []byte) {
		id, ok := readJournalRow(key)
		if !ok || !v.has(tenant, operationsBucket, []byte(id)) {
			v.problem("Tenant %q: a row of the journal leads to operation %q, which is not there.", tenant, id)
			return
		}
		if op, err := v.Operation(tenant, id); err == nil && !contains(journalRows(markOf(op), id), key) {
			v.problem("Tenant %q: a row of the journal leads to operation %s, which is another one's or in another state.", tenant, id)
		}
	})
}

func readJournalRow(key []byte) (operationID string, ok bool) {
	if key[0] == ofStateRow && len(key) > 2 {
		return string(key[2:]), true
	}
	_, rest, ok := cutText(key[1:])
	return string(rest), ok && key[0] == ofLeadRow
}
