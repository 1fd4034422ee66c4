// Package idmap is the contract of the durable index: bindings between our IDs and the vendors', leads, request keys,
// operations, events and suppressions, all changed together in one transaction.
//
// Invariants every store keeps:
//   - Every record belongs to a tenant; no call reads across tenants but Started, which only repair uses.
//   - A vendor ID is bound to exactly one ID of ours, and both directions of a binding are written together.
//   - What is personal (a lead, its operations and events, its calls and chats) is sealed under the lead's own data key; look-ups
//     go over keyed hashes.
//   - A change is durable when Update returns nil, and not there at all when it returns an error.
//
// The service and the delivery use it; adapters do not. Implementations: boltmap. Their common suite: idmaptest.
package idmap

import (
	"context"
	"errors"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Errors of a store, to be recognised with errors.Is.
var (
	// ErrNotFound says that the tenant has no such record.
	ErrNotFound = errors.New("not found")
	// ErrBound says that the vendor ID is bound to another ID of ours.
	ErrBound = errors.New("vendor ID is bound to another ID")
	// ErrKeyTaken says that another lead of the tenant has this external ID.
	ErrKeyTaken = errors.New("key is taken by another lead")
	// ErrClaimed says that the request key is claimed already.
	ErrClaimed = errors.New("request key is claimed")
)

// Store is the durable index. Its methods may be called from several goroutines.
type Store interface {
	// View runs fn on a consistent picture of the index. fn must not keep r.
	View(ctx context.Context, fn func(r Reader) error) error
	// Update runs fn and makes its changes durable before it returns. fn may run more than once and must have no effect
	// but through tx and variables it sets anew each time. An error of fn undoes its changes and is returned as it is.
	// A done ctx is honoured before fn runs, not after.
	Update(ctx context.Context, fn func(tx Tx) error) error
	// Verify reads the whole index and reports what does not agree.
	Verify(ctx context.Context) (Report, error)
	// Close waits for running transactions and closes the store.
	Close() error

	Eraser
}

// Reader reads one consistent picture of the index. Returned messages belong to the caller.
type Reader interface {
	SuppressionReader
	InboxReader
	// Lead returns a lead, or ErrNotFound.
	Lead(tenant, leadID string) (*leadmuxv1.Lead, error)
	// FindLeads returns the IDs of the leads that have key, newest first, at most limit.
	FindLeads(tenant string, key LeadKey, limit int) ([]string, error)
	// ListLeads returns the leads that pass filter, newest first, of those before the lead ID in before ("" for the
	// newest). It looks at a bounded number of leads: next is the before of the next call, "" at the end.
	ListLeads(tenant string, filter LeadFilter, before string, limit int) (leads []*leadmuxv1.Lead, next string, err error)

	// Owner returns our ID that ref is bound to, or ErrNotFound.
	Owner(tenant string, ref VendorRef) (string, error)
	// Bindings returns every vendor ID bound to our ID, ordered.
	Bindings(tenant, id string) ([]VendorRef, error)

	// Request returns the claim of a request key, or ErrNotFound. An expired claim is not found.
	Request(tenant, method, requestID string, now time.Time) (Request, error)

	// Operation returns an operation, or ErrNotFound.
	Operation(tenant, operationID string) (*leadmuxv1.Operation, error)
	// Due returns the QUEUED operations of an account with next_attempt_time at or before until, at most limit: those of the
	// highest priority first, among equals the earliest. One without a priority counts as INTERACTIVE.
	Due(tenant, account string, until time.Time, limit int) ([]*leadmuxv1.Operation, error)
	// Queue returns how many operations of an account are QUEUED, when the earliest is due and when the oldest was accepted, in
	// all and by priority.
	Queue(tenant, account string) (Queue, error)
	// OpenOperations returns the QUEUED, STARTED and BLOCKED operations of a lead at an account, the oldest first.
	OpenOperations(tenant, leadID, account string) ([]*leadmuxv1.Operation, error)
	// Unconfirmed returns the SUCCEEDED operations of an account with confirm_time at or before until, at most limit, the earliest
	// first.
	Unconfirmed(tenant, account string, until time.Time, limit int) ([]*leadmuxv1.Operation, error)
	// Started returns every STARTED operation of every tenant; only the repair at start asks.
	Started() ([]TenantOperation, error)

	SessionReader
	JournalReader
	StopReader
	PollReader

	EventReader
	SubscriptionReader

	ErasureReader
	RestoreReader
	TrimReader
}

// Tx is a Reader that also changes the index, and sees its own changes.
type Tx interface {
	Reader
	SuppressionWriter
	StopTx
	PollTx
	InboxWriter
	// PutLead stores a lead, new or changed, and keeps its look-up entries. ErrKeyTaken if another lead of the tenant has
	// its external_id.
	PutLead(tenant string, lead *leadmuxv1.Lead) error
	// Bind ties ref to our ID, in both directions. Binding the same pair again changes nothing; ErrBound if ref is tied
	// to another ID.
	Bind(tenant string, ref VendorRef, id string) error
	// Unbind unties ref, in both directions; it is no error when it is not tied.
	Unbind(tenant string, ref VendorRef) error
	// PutRequest claims a request key until request.ExpireTime. ErrClaimed if it is claimed and not expired at now.
	PutRequest(tenant, method, requestID string, request Request, now time.Time) error
	SessionWriter
	// PutOperation stores an operation, new or changed. Its lead, if it has one, must be stored.
	PutOperation(tenant string, op *leadmuxv1.Operation) error
	EventTx
	SubscriptionTx
	ErasureTx
	RestoreTx
	TrimTx
}

// Kind says what a vendor ID names.
type Kind uint8

// The kinds of thing a vendor gives IDs to.
const (
	KindLead Kind = iota + 1
	KindCall
	KindChat
)

// VendorRef is an ID at a vendor.
type VendorRef struct {
	Account  string
	Kind     Kind
	VendorID string
}

// KeyKind says what a LeadKey holds.
type KeyKind uint8

// The keys a lead can be found by. Phone is Lead.phone, OtherPhone its home and work phones.
const (
	KeyExternalID KeyKind = iota + 1
	KeyEmail
	KeyPhone
	KeyOtherPhone
)

// LeadKey is something a lead can be found by, in its stored form: phones in E.164, e-mail in lower case.
type LeadKey struct {
	Kind  KeyKind
	Value string
}

// LeadFilter narrows a list. Zero fields do not narrow. Account and State together mean one engagement with both.
type LeadFilter struct {
	Account       string
	State         leadmuxv1.EngagementState
	UpdatedAfter  time.Time // exclusive
	UpdatedBefore time.Time // exclusive
}

// Request is the claim of a request key.
type Request struct {
	Fingerprint []byte    // keyed hash of the request it was claimed with; nil once the lead was erased
	LeadID      string    // what the request made: a lead, call, chat or suppression, else its operation; empty for nothing of ours
	ExpireTime  time.Time // when the claim may be forgotten
}

// Queue is what waits for one account.
type Queue struct {
	Depth   int
	NextDue time.Time // zero when nothing waits
	Oldest  time.Time // create_time of the oldest, zero when nothing waits
	Parts   []Waiting // by priority, the highest first; those of which none waits are left out
}

// Waiting is what waits for one account at one priority.
type Waiting struct {
	Priority leadmuxv1.Priority
	Depth    int
	NextDue  time.Time
	Oldest   time.Time
}

// Priorities are the priorities an operation can wait at, the highest first.
func Priorities() []leadmuxv1.Priority {
	return []leadmuxv1.Priority{
		leadmuxv1.Priority_PRIORITY_OPT_OUT, leadmuxv1.Priority_PRIORITY_INTERACTIVE, leadmuxv1.Priority_PRIORITY_BULK,
	}
}

// PriorityOf is the priority that an operation waits at.
func PriorityOf(op *leadmuxv1.Operation) leadmuxv1.Priority {
	if p := op.GetPriority(); p != leadmuxv1.Priority_PRIORITY_UNSPECIFIED {
		return p
	}
	return leadmuxv1.Priority_PRIORITY_INTERACTIVE
}

// QueueOf sums up what waits at each priority, the highest first; parts of which none waits are left out.
func QueueOf(parts []Waiting) Queue {
	var q Queue
	for _, part := range parts {
		if part.Depth == 0 {
			continue
		}
		q.Parts = append(q.Parts, part)
		q.Depth += part.Depth
		if q.NextDue.IsZero() || part.NextDue.Before(q.NextDue) {
			q.NextDue = part.NextDue
		}
		if q.Oldest.IsZero() || part.Oldest.Before(q.Oldest) {
			q.Oldest = part.Oldest
		}
	}
	return q
}

// TenantOperation is an operation with its tenant.
type TenantOperation struct {
	Tenant    string
	Operation *leadmuxv1.Operation
}

// Report is what Verify found.
type Report struct {
	Leads, Erased, Bindings, Requests, Operations, Events, Suppressions int // records that can be read, and erased leads
	Calls, Chats                                                        int
	Subscriptions, Outgoing                                             int // and their deliveries

	Problems []string // one sentence each, no personal value; at most 1000
}
