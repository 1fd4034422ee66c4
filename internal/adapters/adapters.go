// Package adapters is the contract between Leadmux and a vendor: what an adapter can do, how it reports failure, and the Set
// of configured accounts.
//
// An adapter speaks for one account. It has one required method; everything it can do beyond that is a small capability
// interface found by type assertion, so that what is absent is absent and not a method that fails. Rate slots, breaker,
// authentication, time limits and redaction live in the transport beneath the adapter (vendorhttp), never around it, and an
// adapter never repeats a write: that is the delivery's decision. Adapters know nothing of the service, the store, or each
// other.
package adapters

import (
	"context"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Adapter is one account at one vendor. All methods of an adapter may be called from several goroutines.
type Adapter interface {
	// Vendor is "verse", "ujet", "conversica" or "convertalk".
	Vendor() string
}

// LeadWriter can write leads to its vendor.
type LeadWriter interface {
	Adapter
	// LeadWrite returns how the vendor does an RPC: "CreateLead", "UpdateLead", "EndConversation", "StopConversation",
	// "DeferConversation", "OptOutLead", "Reconsent". False when the vendor has no such thing.
	LeadWrite(rpc string) (LeadWrite, bool)
}

// LeadLister can read the leads that the vendor has.
type LeadLister interface {
	Adapter
	// ListLeads reads one page, from 1. An empty page is the end. Errors are *Error.
	ListLeads(ctx context.Context, page int) ([]VendorLead, error)
}

// OtherLister can read the chats that the vendor has with persons whom it does not call leads.
type OtherLister interface {
	LeadLister
	// ListOthers reads one page, from 1, of records that have their chat. An empty page is the end. Errors are *Error.
	ListOthers(ctx context.Context, page int) ([]VendorLead, error)
}

// LeadFinder can tell which lead of ours a vendor's ID belongs to.
type LeadFinder interface {
	Adapter
	// FindLead returns our lead ID that the vendor keeps beside its own, "" when it has none of ours. Errors are *Error.
	FindLead(ctx context.Context, vendorLeadID string) (string, error)
}

// ErasureAdviser knows how a vendor gets to delete what it has of a person, where no request does it.
type ErasureAdviser interface {
	Adapter
	// ErasureAdvice is what somebody has to ask the vendor for: the end of a sentence.
	ErasureAdvice() string
}

// Tester can find out whether the account works, without changing anything at the vendor.
type Tester interface {
	Adapter
	// Test returns nil when the vendor accepts our credentials, else an *Error.
	Test(ctx context.Context) error
}

// Describer tells the routes behind what an adapter can do.
type Describer interface {
	Adapter
	// Capabilities lists the supported RPCs, ordered by RPC; account and vendor are left empty.
	Capabilities() []*leadmuxv1.Capability
}

// LeadWrite is one RPC's way to a vendor. All of its functions may be called from several goroutines.
type LeadWrite struct {
	// Class says what may be done after a Send whose outcome is not known.
	Class func(in LeadInput) leadmuxv1.IdempotencyClass
	// Preview returns the requests that Send would make, redacted, and the warnings that can be known beforehand. It sends
	// nothing. Errors are *Error: what Send would refuse before sending.
	Preview func(in LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error)
	// Send makes the requests and says what the vendor made of them. It sends nothing when the lead lacks what the vendor
	// needs. Errors are *Error.
	Send func(ctx context.Context, in LeadInput) (LeadResult, error)
}

// LeadInput is what a LeadWrite works on.
type LeadInput struct {
	// Lead is the lead as it is now: phones in E.164, never nil.
	Lead *leadmuxv1.Lead
	// Engagement is the lead's engagement at this account as it is now; nil when CreateLead is previewed. A vendor_lead_id
	// that stands there is used as it is: it may have been linked by hand. Closed ones in it say that the vendor has known the
	// lead before.
	Engagement *leadmuxv1.Engagement
	// Options are the caller's options for this vendor; may be nil. Only CreateLead and EngageLead have them; what an
	// engagement began with stands in it.
	Options *leadmuxv1.VendorOptions
	// Reason is the caller's reason for ending, stopping or deferring; may be empty.
	Reason string
	// Scope is the channel that OptOutLead and Reconsent are about; elsewhere unset.
	Scope leadmuxv1.ContactChannel
	// Suppressed are the channels that the person opted out of and the account must be kept from, where it can be: those it
	// reaches unless told. One that it cannot be kept from never gets this far.
	Suppressed []leadmuxv1.ContactChannel
	// Recheck says that an earlier attempt may have reached the vendor: where a part of the work is not an upsert, look
	// whether it is done before doing it again, and take "it is so already" for success.
	Recheck bool
}

// LeadResult is what a vendor made of a lead.
type LeadResult struct {
	VendorLeadID string // empty when the vendor did not say
	VendorURL    string
	VendorStatus string // the vendor's own word; empty when it did not say
	// State is ACTIVE or SUPPRESSED after CreateLead; elsewhere it is not looked at.
	State      leadmuxv1.EngagementState
	Warnings   []*leadmuxv1.Warning
	VendorRefs map[string]string // further IDs to keep, such as "contact_id"; an empty value forgets one
	RequestID  string            // the vendor's ID of the request, for its support desk
	HTTPStatus int               // 0 when nothing had to be sent
	Note       string            // what an acknowledged opt-out covers, where that is not everything
}

// VendorLead is a lead as the vendor has it.
type VendorLead struct {
	// VendorLeadID is its ID there.
	VendorLeadID string
	// LeadID is our ID where the vendor's record holds one, else empty.
	LeadID string
	// Lead holds the personal and other fields that the vendor knows, in our form: phones in E.164.
	Lead *leadmuxv1.Lead
	// VendorStatus is the vendor's own word.
	VendorStatus string
	// State is what that word means; UNSPECIFIED when it is not known to mean anything.
	State leadmuxv1.EngagementState
	// CreateTime and UpdateTime are by the vendor's clock; zero when it does not say.
	CreateTime, UpdateTime time.Time
	// Message is the last that was said, at MessageTime by the vendor's clock; nil where the vendor does not say or does not date it.
	Message     *leadmuxv1.ConversationMessage
	MessageTime time.Time
	// OptOut is an opt-out that the record shows; nil for none.
	OptOut *OptOut
	// Chat is the record as a chat, where one record is both; its chat_id and its end user's lead_id are the vendor's. Else nil.
	Chat *leadmuxv1.Chat
}
