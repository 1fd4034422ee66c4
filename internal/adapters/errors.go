package adapters

import (
	"fmt"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Kind is what went wrong, in terms that decide what happens next. One table in rpcerr turns it into a gRPC status, one table
// in delivery into retry or refusal.
type Kind uint8

// The kinds of failure.
const (
	KindUnknown        Kind = iota // anything the vendor's documentation does not explain
	KindInvalid                    // the vendor, or the adapter before sending, refused a value
	KindNotFound                   // no such object at the vendor
	KindConflict                   // the vendor has it already
	KindRateLimited                // slow down
	KindCredentials                // our credentials are not accepted
	KindOnHold                     // the vendor paused the account
	KindIntakeClosed               // the vendor takes nothing at this time of day
	KindRouteUnknown               // the vendor does not know the path
	KindUnavailable                // cannot be reached, or answered with a fault
	KindTimeout                    // no answer in time
	KindBadAnswer                  // a success that cannot be read, or a refusal whose text broke off
	KindNotSupported               // the vendor has no such operation
	KindAccountStopped             // nothing was sent: the account is stopped or its breaker is open
	KindWrongState                 // the object is in a state in which the vendor does not do this
	KindRouteDoubted               // the vendor does not know the path, or has no such object: its answer does not tell which
)

// Error is every failure an adapter returns. Error() is for logs and holds no vendor body; clients see what rpcerr and delivery
// build from the fields.
type Error struct {
	Vendor     string // "verse", …
	Op         string // our RPC, such as "CreateLead"
	Kind       Kind
	Status     int                         // HTTP status, 0 when no answer came
	Code       string                      // the vendor's own code, if it has one
	Message    string                      // safe for clients: from the adapter's allow-list, never the vendor's raw text
	Fields     []*leadmuxv1.FieldViolation // refused fields under our names
	RetryAfter time.Duration               // what the vendor asked for, 0 when nothing
	RequestID  string                      // the vendor's ID of the request
	// Ambiguous says that the request may have had its effect: bytes were sent, and no answer came, or a fault, or a success
	// that cannot be read.
	Ambiguous bool
	Cause     error
}

// Error is one line for logs.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %s", e.Vendor, e.Op, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

var kindNames = map[Kind]string{
	KindUnknown: "unknown", KindInvalid: "invalid", KindNotFound: "not_found", KindConflict: "conflict",
	KindRateLimited: "rate_limited", KindCredentials: "credentials", KindOnHold: "on_hold",
	KindIntakeClosed: "intake_closed", KindRouteUnknown: "route_unknown", KindUnavailable: "unavailable",
	KindTimeout: "timeout", KindBadAnswer: "bad_answer", KindNotSupported: "not_supported",
	KindAccountStopped: "account_stopped", KindWrongState: "wrong_state",
	KindRouteDoubted: "route_doubted",
}

// String is the kind's name as it stands in logs and metric labels.
func (k Kind) String() string { return kindNames[k] }
