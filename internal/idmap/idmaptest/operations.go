package idmaptest

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

const (
	opQueued    = leadmuxv1.OperationState_OPERATION_STATE_QUEUED
	opStarted   = leadmuxv1.OperationState_OPERATION_STATE_STARTED
	opSucceeded = leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED
	opFailed    = leadmuxv1.OperationState_OPERATION_STATE_FAILED
	opInDoubt   = leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT
	opBlocked   = leadmuxv1.OperationState_OPERATION_STATE_BLOCKED

	optOut      = leadmuxv1.Priority_PRIORITY_OPT_OUT
	interactive = leadmuxv1.Priority_PRIORITY_INTERACTIVE
	bulk        = leadmuxv1.Priority_PRIORITY_BULK
)

var operationTests = []contractTest{
	{"an unknown operation is not found", func(f *fixture) {
		lead := leadOf()
		op := operationOf(lead.GetLeadId(), west, 0, 0)
		f.update(putLeads(acme, lead))
		f.update(putOperations(acme, op))
		f.view(func(r idmap.Reader) error {
			for tenant, id := range map[string]string{acme: operationOf("", west, 0, 0).GetOperationId(), "other": op.GetOperationId()} {
				if _, err := r.Operation(tenant, id); !errors.Is(err, idmap.ErrNotFound) {
					return fmt.Errorf("tenant %s: got %w", tenant, err)
				}
			}
			return nil
		})
	}},
	{"an operation comes back as it was stored, and as it was changed", func(f *fixture) {
		lead := leadOf()
		op := operationOf(lead.GetLeadId(), west, 5, 0)
		op.VendorOptions = &leadmuxv1.VendorOptions{}
		f.update(putLeads(acme, lead))
		for _, state := range []leadmuxv1.OperationState{opBlocked, opQueued, opStarted, opQueued, opInDoubt, opFailed, opSucceeded} {
			op.State, op.AttemptCount = state, op.AttemptCount+1
			op.Attempts = append(op.Attempts, &leadmuxv1.Attempt{StartTime: stamp(1), HttpStatus: 503})
			f.update(putOperations(acme, op))
			f.wantOperation(op)
			f.sound()
		}
		f.reopen()
		f.wantOperation(op)
	}},
	{"an operation needs its lead", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads("other", lead))
		f.refused(idmap.ErrNotFound, putOperations(acme, operationOf(lead.GetLeadId(), west, 0, 0)))
		op := operationOf(lead.GetLeadId(), west, 0, 0)
		f.update(func(tx idmap.Tx) error { // of the same transaction is enough
			return errors.Join(tx.PutLead(acme, lead), tx.PutOperation(acme, op))
		})
		f.wantOperation(op)
	}},
	{"every STARTED operation of every tenant is found, and no other", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.update(putLeads("other", lead))
		var want []string
		for i, state := range []leadmuxv1.OperationState{opQueued, opStarted, opSucceeded, opFailed, opInDoubt, opStarted, opBlocked} {
			op := operationOf(lead.GetLeadId(), west, i, i)
			op.State = state
			tenant := []string{acme, "other"}[i%2]
			f.update(putOperations(tenant, op))
			if state == opStarted {
				want = append(want, tenant+" "+op.GetOperationId())
			}
		}
		f.reopen()
		f.wantStarted(want...)
		again, err := f.started()
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range again {
			op := proto.CloneOf(s.Operation)
			op.State = opInDoubt
			f.update(putOperations(s.Tenant, op))
		}
		f.wantStarted()
	}},
}

// wantOperation wants an operation of acme to be stored as given.
func (f *fixture) wantOperation(want *leadmuxv1.Operation) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Operation(acme, want.GetOperationId())
		return errors.Join(err, same("operation", got, want))
	})
}

func (f *fixture) started() (started []idmap.TenantOperation, err error) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		started, err = r.Started()
		return err
	})
	return started, err
}

// wantStarted wants exactly these to be STARTED, each as tenant and operation ID, in the order of IDs.
func (f *fixture) wantStarted(want ...string) {
	f.Helper()
	started, err := f.started()
	if err != nil {
		f.Fatal(err)
	}
	got := map[string]bool{}
	for _, s := range started {
		got[s.Tenant+" "+s.Operation.GetOperationId()] = s.Operation.GetState() == opStarted
	}
	if len(started) != len(want) {
		f.Fatalf("%d started, want %d", len(started), len(want))
	}
	for _, w := range want {
		if !got[w] {
			f.Errorf("%s is missing", w)
		}
	}
}
