package adapters

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// WebhookReader reads what its vendor sends us of its own accord.
type WebhookReader interface {
	Adapter
	// Webhook returns how deliveries of a kind are recognised and read. The kind is the last part of our URL, "" where the
	// vendor has only one. False for a kind that the vendor does not send, or that the account is not configured for.
	Webhook(kind string) (Webhook, bool)
}

// Webhook is one kind of delivery. Its functions may be called from several goroutines.
type Webhook struct {
	// Verify says whether a delivery comes from the vendor: nil, or ErrForged. It looks at the bytes as they came, before anyone
	// reads them, and takes the same time whatever is wrong with a secret.
	Verify func(header http.Header, raw []byte, now time.Time) error
	// Read says what a delivery means. What it cannot read becomes one event of type "vendor.other": nothing is refused. One that is
	// of no interest, such as an echo of what we did ourselves, becomes no event.
	Read func(raw []byte) []VendorEvent
	// Challenge is the WWW-Authenticate header of a refusal; empty for none.
	Challenge string
	// Accepted is the answer to a delivery that was taken: a JSON body, empty for none.
	Accepted string
}

// ErrForged says that a delivery does not prove to come from the vendor.
var ErrForged = errors.New("not from the vendor")

// VendorEvent is one thing that happened at a vendor, as its delivery or listing tells it.
type VendorEvent struct {
	// Key is what makes it the same event when the vendor sends it again: the vendor's own ID of it, or what the vendor calls it with
	// everything that tells it from the next one. Never empty.
	Key string
	// Lasting says that Key is an ID of the vendor's, never used twice; else the same Key a day later is a new event.
	Lasting bool
	// VendorLeadID, VendorCallID and VendorChatID are the vendor's IDs of what it is about; each may be empty.
	VendorLeadID, VendorCallID, VendorChatID string
	// Session is what it tells of the call or chat, as a *leadmuxv1.Call or *leadmuxv1.Chat with the vendor's IDs, as an answer of the vendor's
	// has them; nil when it is about none.
	Session proto.Message
	// LeadID is our lead ID that the vendor carries; may be empty, or be none of ours.
	LeadID string
	// Event has type, vendor_time and detail; all else is set where it is stored. A change of state has no detail of its own.
	Event *leadmuxv1.Event
	// Clock names which of the vendor's own dates vendor_time is, where it dates what it says of the state one by one; empty where it has
	// one for all.
	Clock string
	// State is what the engagement is by now, by the vendor's word; UNSPECIFIED when it says nothing of that.
	State leadmuxv1.EngagementState
	// Outcome is how the conversation ended; nil when it did not.
	Outcome *leadmuxv1.Outcome
	// VendorStatus is the vendor's own word for the state; empty when it says nothing of that.
	VendorStatus string
	// UnknownStatus says that the vendor's word means nothing to us, and so is counted as drift.
	UnknownStatus bool
	// Unrecognised names the part of the delivery that means nothing to us, such as "title", and so is counted as drift; empty for none.
	Unrecognised string
	// Lead is what the delivery tells of the person, in our form; nil for nothing. It fills in what we do not know.
	Lead *leadmuxv1.Lead
	// OptOut is an opt-out that the vendor reports; nil for none.
	OptOut *OptOut
	// Born says that the vendor made the lead by itself: one that is none of ours becomes a lead.
	Born bool
	// Poll says that the vendor has news which only asking it tells.
	Poll bool
	// SendBack says that the vendor made a lead without an ID of its own and waits for us to give it the lead under ours.
	SendBack bool
}

// OptOut is what a person refused at a vendor.
type OptOut struct {
	// SMS, Email and Call are the channels; none of them means all there are.
	SMS, Email, Call bool
	// Evidence is the vendor's word for it, such as "doNotEmail".
	Evidence string
}

// SameSecret compares a secret in constant time.
func SameSecret(given, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

// SameBasic compares the user and password of HTTP Basic authentication in constant time.
func SameBasic(header http.Header, username, password string) error {
	request := http.Request{Header: header}
	user, pass, _ := request.BasicAuth()
	userOK, passOK := SameSecret(user, username), SameSecret(pass, password)
	if userOK && passOK {
		return nil
	}
	return ErrForged
}
