package idmaptest

import (
	"errors"
	"fmt"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var journalTests = []contractTest{
	{"operations are listed newest first, in pages of limit, by every filter", operationFilters},
	{"a list of operations is stable while they are added and change", stableOperations},
	{"a filter that few operations pass comes to its end in bounded steps", fewOperations},
	{"what is unsettled is counted, for every account", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.update(putLeads("other", lead))
		f.wantBacklogs()
		op := func(account string, state leadmuxv1.OperationState) *leadmuxv1.Operation {
			op := operationOf(lead.GetLeadId(), account, 0, 0)
			op.State = state
			return op
		}
		doubt, more := op(west, opInDoubt), op(west, opInDoubt)
		f.update(putOperations(acme, doubt, more, op(west, opQueued), op(east, opQueued), op("gone", opFailed), op("gone", opBlocked)))
		f.update(putOperations("other", op("gone", opInDoubt)))
		f.update(putOperations(acme, doubt)) // unchanged: not counted again
		for range 2 {
			f.wantBacklogs(idmap.Backlog{Tenant: acme, Account: east, Queued: 1}, idmap.Backlog{Tenant: acme, Account: west, Queued: 1, InDoubt: 2},
				idmap.Backlog{Tenant: "other", Account: "gone", InDoubt: 1})
			f.reopen()
		}
		doubt.State, more.Account = opSucceeded, east
		f.update(putOperations(acme, doubt, more))
		f.wantBacklogs(idmap.Backlog{Tenant: acme, Account: east, Queued: 1, InDoubt: 1}, idmap.Backlog{Tenant: acme, Account: west, Queued: 1},
			idmap.Backlog{Tenant: "other", Account: "gone", InDoubt: 1})
	}},
	{"operations of an erased lead are listed and counted no more", func(f *fixture) {
		lead, stays := leadOf(), leadOf()
		f.update(putLeads(acme, lead, stays))
		var all []*leadmuxv1.Operation
		for _, state := range opStates {
			op := operationOf(lead.GetLeadId(), west, 0, 0)
			op.State = state
			all = append(all, op)
		}
		kept := operationOf(stays.GetLeadId(), west, 0, 0)
		kept.State = opInDoubt
		f.update(putOperations(acme, append(all, kept)...))
		f.update(func(tx idmap.Tx) error {
			return tx.EraseLead(acme, &leadmuxv1.ErasureReceipt{LeadId: lead.GetLeadId()}, eventOf(""))
		})
		for range 2 {
			for _, filter := range []idmap.OperationFilter{{}, {State: opInDoubt}, {Account: west}} {
				f.wantOperations(filter, "", 9, []*leadmuxv1.Operation{kept})
			}
			f.wantOperations(idmap.OperationFilter{LeadID: lead.GetLeadId()}, "", 9, nil)
			f.wantBacklogs(idmap.Backlog{Tenant: acme, Account: west, InDoubt: 1})
			f.reopen()
		}
	}},
}

// journalled stores an operation in each state for each of two leads at two accounts, and returns them newest first.
func journalled(f *fixture) (leads []*leadmuxv1.Lead, ops []*leadmuxv1.Operation) {
	f.Helper()
	leads = []*leadmuxv1.Lead{leadOf(), leadOf(func(l *leadmuxv1.Lead) { l.LeadId = "lead_1" })}
	f.update(putLeads(acme, leads...))
	for _, lead := range leads {
		for _, account := range []string{west, "we"} {
			for i, state := range opStates {
				op := operationOf(lead.GetLeadId(), account, 0, len(ops))
				op.State, op.Method = state, []string{"CreateLead", "UpdateLead"}[i%2]
				ops = append(ops, op)
			}
		}
	}
	f.update(putOperations(acme, ops...))
	f.update(putLeads("other", leads...))
	f.update(putOperations("other", operationOf("lead_1", west, 0, 0)))
	slices.Reverse(ops)
	return leads, ops
}

func operationFilters(f *fixture) {
	f.wantOperations(idmap.OperationFilter{}, "", 3, nil)
	leads, ops := journalled(f)
	filters := []idmap.OperationFilter{
		{}, {Account: west}, {Account: "w"}, {Accounts: []string{"we", east}}, {Accounts: []string{}}, {LeadID: "lead_"}, {Method: "UpdateLead"},
		{LeadID: leads[0].GetLeadId(), Account: "we"}, {LeadID: "lead_1", State: opFailed}, {State: opInDoubt, Account: west, Method: "UpdateLead"},
		{CreatedAfter: at(3)}, {CreatedBefore: at(3)}, {CreatedAfter: at(3), CreatedBefore: at(9)},
	}
	for _, state := range opStates {
		filters = append(filters, idmap.OperationFilter{State: state})
	}
	for range 2 {
		for _, filter := range filters {
			want := slices.DeleteFunc(slices.Clone(ops), func(op *leadmuxv1.Operation) bool { return !passesOperation(op, filter) })
			for _, limit := range []int{1, 2, 5, 99} {
				f.wantOperations(filter, "", limit, want)
			}
		}
		f.wantOperations(idmap.OperationFilter{State: opFailed}, ops[10].GetOperationId(), 99,
			slices.DeleteFunc(slices.Clone(ops[11:]), func(op *leadmuxv1.Operation) bool { return op.GetState() != opFailed }))
		f.reopen()
	}
}

func stableOperations(f *fixture) {
	leads, ops := journalled(f)
	for _, filter := range []idmap.OperationFilter{{}, {LeadID: leads[1].GetLeadId()}} {
		want := slices.DeleteFunc(slices.Clone(ops), func(op *leadmuxv1.Operation) bool { return !passesOperation(op, filter) })
		var seen []string
		for before, page := "", 0; page == 0 || before != ""; page++ {
			f.view(func(r idmap.Reader) error {
				got, next, err := r.ListOperations(acme, filter, before, 2)
				for _, op := range got {
					seen = append(seen, op.GetOperationId())
				}
				before = next
				return err
			})
			changed := want[len(want)-1-page%len(want)]
			changed.State = opStates[page%len(opStates)]
			f.update(putOperations(acme, changed, operationOf(leads[0].GetLeadId(), west, 0, 0)))
		}
		for i, op := range want {
			if i >= len(seen) || seen[i] != op.GetOperationId() {
				f.Fatalf("operation %d of %d is missing, or not in its place", i, len(want))
			}
		}
		for _, op := range want { // for the next filter: an operation that was added counts as one of the list from now on
			op.State = opQueued
		}
		f.update(putOperations(acme, want...))
	}
}

func fewOperations(f *fixture) {
	lead := leadOf()
	f.update(putLeads(acme, lead))
	oldest := operationOf(lead.GetLeadId(), "rare", 0, 0)
	ops := []*leadmuxv1.Operation{oldest}
	for range 2500 {
		ops = append(ops, operationOf(lead.GetLeadId(), west, 0, 0))
	}
	f.update(putOperations(acme, ops...))
	for _, filter := range []idmap.OperationFilter{{Account: "rare"}, {Account: "rare", State: opQueued}, {Account: "rare", LeadID: lead.GetLeadId()}} {
		f.wantOperations(filter, "", 9, []*leadmuxv1.Operation{oldest})
	}
	f.wantOperations(idmap.OperationFilter{Account: "rare", State: opFailed}, typeid.New(typeid.Operation), 9, nil)
}

// wantOperations wants a list of acme's operations, read in pages of limit.
func (f *fixture) wantOperations(filter idmap.OperationFilter, before string, limit int, want []*leadmuxv1.Operation) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := allOperations(r, acme, filter, before, limit)
		return errors.Join(err, sameAll(fmt.Sprintf("operations %+v", filter), got, want))
	})
}

// allOperations reads a list in pages of limit.
func allOperations(r idmap.Reader, tenant string, filter idmap.OperationFilter, before string, limit int) ([]*leadmuxv1.Operation, error) {
	var all []*leadmuxv1.Operation
	for page := 0; page == 0 || before != ""; page++ {
		got, next, err := r.ListOperations(tenant, filter, before, limit)
		if err != nil || len(got) > limit || page > 1000 {
			return nil, fmt.Errorf("page %d has %d operations of %d: %w", page, len(got), limit, err)
		}
		all, before = append(all, got...), next
	}
	return all, nil
}

func (f *fixture) wantBacklogs(want ...idmap.Backlog) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Backlogs()
		if err = errors.Join(err, sameValues("backlogs", got, want)); err != nil {
			return err
		}
		for _, backlog := range want {
			n, err := r.InDoubt(backlog.Tenant, backlog.Account)
			if err != nil || n != backlog.InDoubt {
				return fmt.Errorf("in doubt at %s: got %d, %w; want %d", backlog.Account, n, err, backlog.InDoubt)
			}
		}
		return nil
	})
}

// passesOperation says whether an operation is one of a list.
func passesOperation(op *leadmuxv1.Operation, f idmap.OperationFilter) bool {
	created := op.GetCreateTime().AsTime()
	return (f.State == 0 || f.State == op.GetState()) && (f.Account == "" || f.Account == op.GetAccount()) &&
		(f.Accounts == nil || slices.Contains(f.Accounts, op.GetAccount())) && (f.LeadID == "" || f.LeadID == op.GetLeadId()) &&
		(f.Method == "" || f.Method == op.GetMethod()) && (f.CreatedAfter.IsZero() || created.After(f.CreatedAfter)) &&
		(f.CreatedBefore.IsZero() || created.Before(f.CreatedBefore))
}
