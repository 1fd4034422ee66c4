package idmaptest

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// The tenant and accounts of most tests.
const (
	acme = "acme"
	west = "west"
	east = "east"
)

// start is the time that the tests begin at.
var start = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

// at is the moment some minutes after start.
func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func stamp(minutes int) *timestamppb.Timestamp { return timestamppb.New(at(minutes)) }

// leadOf makes a lead with a new ID, changed by the given functions.
func leadOf(change ...func(*leadmuxv1.Lead)) *leadmuxv1.Lead {
	lead := &leadmuxv1.Lead{
		LeadId: typeid.New(typeid.Lead), FirstName: "Ann", LastName: "Example", CreateTime: stamp(0), UpdateTime: stamp(0),
	}
	for _, c := range change {
		c(lead)
	}
	return lead
}

// engaged gives a lead an engagement.
func engaged(account string, state leadmuxv1.EngagementState) func(*leadmuxv1.Lead) {
	return func(l *leadmuxv1.Lead) {
		l.Engagements = append(l.Engagements, &leadmuxv1.Engagement{Account: account, State: state})
	}
}

// operationOf makes a QUEUED operation with a new ID, due and accepted at the given minutes.
func operationOf(leadID, account string, due, accepted int) *leadmuxv1.Operation {
	return &leadmuxv1.Operation{
		OperationId: typeid.New(typeid.Operation), Method: "CreateLead", LeadId: leadID, Account: account,
		State: leadmuxv1.OperationState_OPERATION_STATE_QUEUED, NextAttemptTime: stamp(due), CreateTime: stamp(accepted),
	}
}

// eventOf makes an event with a new ID.
func eventOf(leadID string) *leadmuxv1.Event {
	return &leadmuxv1.Event{
		EventId: typeid.New(typeid.Event), Type: "lead.created", LeadId: leadID, ReceiveTime: stamp(0),
	}
}

// putLeads is a change that stores leads of a tenant.
func putLeads(tenant string, leads ...*leadmuxv1.Lead) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error {
		for _, l := range leads {
			if err := tx.PutLead(tenant, l); err != nil {
				return err
			}
		}
		return nil
	}
}

// putOperations is a change that stores operations of a tenant.
func putOperations(tenant string, ops ...*leadmuxv1.Operation) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error {
		for _, op := range ops {
			if err := tx.PutOperation(tenant, op); err != nil {
				return err
			}
		}
		return nil
	}
}

// same tells how got differs from want; nil if it does not.
func same[M proto.Message](what string, got, want M) error {
	if !proto.Equal(got, want) {
		return fmt.Errorf("%s: got {%v}, want {%v}", what, got, want)
	}
	return nil
}

// sameAll is same for lists.
func sameAll[M proto.Message](what string, got, want []M) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: got %d, want %d", what, len(got), len(want))
	}
	for i := range want {
		if err := same(fmt.Sprintf("%s [%d]", what, i), got[i], want[i]); err != nil {
			return err
		}
	}
	return nil
}

// sameValues is same for lists of plain values.
func sameValues[V comparable](what string, got, want []V) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	return nil
}
