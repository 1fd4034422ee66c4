package delivery

import (
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// The RPCs that write leads to vendors, as operations and adapters name them.
const (
	CreateLead        = "CreateLead" // also an engagement that EngageLead opened
	UpdateLead        = "UpdateLead"
	EndConversation   = "EndConversation"
	StopConversation  = "StopConversation"
	DeferConversation = "DeferConversation"
	OptOutLead        = "OptOutLead"
	Reconsent         = "Reconsent"
	EraseLead         = "EraseLead" // where a vendor can delete something
)

// method is what an operation means for its engagement.
type method struct {
	// opens: the operation begins the engagement, and its outcome is the engagement's state. The others leave the state
	// alone until they succeed.
	opens bool
	// after is the state that success leads to; unset leaves it.
	after leadmuxv1.EngagementState
	// contacts: the vendor may contact the person because of it, so that a suppression forbids it.
	contacts bool
	// tells: it tells the vendor what the person declared, whatever the engagement's state.
	tells bool
}

var methods = map[string]method{
	CreateLead:        {opens: true, contacts: true},
	UpdateLead:        {contacts: true},
	EndConversation:   {after: qualified},
	StopConversation:  {after: unqualified},
	DeferConversation: {contacts: true}, // a follow-up is a message
	OptOutLead:        {tells: true},
	Reconsent:         {tells: true},
	EraseLead:         {tells: true},
}

func methodOf(op *leadmuxv1.Operation) method { return methods[op.GetMethod()] }

// outcomeOf is how a conversation ended that the operation ended; nil when it ended none.
func outcomeOf(op *leadmuxv1.Operation) *leadmuxv1.Outcome {
	switch methodOf(op).after {
	case qualified:
		return &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Qualified{Qualified: true}, Reason: op.GetReason()}
	case unqualified:
		return &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Unqualified{Unqualified: true}, Reason: op.GetReason()}
	default:
		return nil
	}
}

// WriteOf is how an account does an RPC, or the error that it cannot.
func WriteOf(account *adapters.Account, rpc string) (adapters.LeadWrite, *adapters.Error) {
	if writer, ok := account.Adapter.(adapters.LeadWriter); ok {
		if write, ok := writer.LeadWrite(rpc); ok {
			return write, nil
		}
	}
	return adapters.LeadWrite{}, &adapters.Error{Vendor: account.Vendor, Op: rpc, Kind: adapters.KindNotSupported}
}

// Can says whether an account does an RPC.
func Can(account *adapters.Account, rpc string) bool {
	_, unsupported := WriteOf(account, rpc)
	return unsupported == nil
}

// Open says whether an engagement's conversation runs or is about to: it can be changed, ended or deferred, and not opened
// again.
func Open(e *leadmuxv1.Engagement) bool {
	switch e.GetState() {
	case queued, sending, active, inDoubt:
		return true
	default:
		return false
	}
}

// Engagement is a lead's engagement at an account; nil when it has none.
func Engagement(lead *leadmuxv1.Lead, account string) *leadmuxv1.Engagement {
	for _, e := range lead.GetEngagements() {
		if e.GetAccount() == account {
			return e
		}
	}
	return nil
}

func className(op *leadmuxv1.Operation) string {
	return strings.TrimPrefix(op.GetIdempotencyClass().String(), "IDEMPOTENCY_CLASS_")
}
