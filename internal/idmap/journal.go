package idmap

import (
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// OperationFilter narrows a list of operations. Zero fields do not narrow.
type OperationFilter struct {
	State         leadmuxv1.OperationState
	Account       string
	Accounts      []string // one of these; nil for any
	LeadID        string
	Method        string
	CreatedAfter  time.Time // exclusive
	CreatedBefore time.Time // exclusive
}

// Backlog is what is unsettled at one account of a tenant, configured or not.
type Backlog struct {
	Tenant, Account string
	Queued          int
	InDoubt         int
}

// JournalReader reads the operations as a journal.
type JournalReader interface {
	// ListOperations returns the operations that pass filter, the newest first, of those before the operation ID in before
	// ("" for the newest). It looks at a bounded number of operations: next is the before of the next call, "" at the end.
	// Operations of erased leads are passed over.
	ListOperations(tenant string, filter OperationFilter, before string, limit int) (ops []*leadmuxv1.Operation, next string, err error)
	// Backlogs returns every account, of every tenant, with operations that are QUEUED or IN_DOUBT, ordered by tenant and account;
	// it is for those who watch the service.
	Backlogs() ([]Backlog, error)
	// InDoubt returns how many operations of an account are IN_DOUBT.
	InDoubt(tenant, account string) (int, error)
}
