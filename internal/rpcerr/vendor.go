package rpcerr

import (
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// vendorSentences say what a vendor's failure means to our callers, where the adapter has no better word.
var vendorSentences = map[adapters.Kind]string{
	adapters.KindUnknown:        "%s answered in a way its documentation does not explain",
	adapters.KindInvalid:        "%s refused the request",
	adapters.KindNotFound:       "%s has no such object",
	adapters.KindConflict:       "%s has this person already, and not from this lead",
	adapters.KindRateLimited:    "%s asked for fewer requests",
	adapters.KindCredentials:    "%s does not accept this account's credentials; correct them, then test the account",
	adapters.KindOnHold:         "%s has put this account on hold; ask its account manager, then test the account",
	adapters.KindIntakeClosed:   "%s takes no leads at this time of day",
	adapters.KindRouteUnknown:   "%s does not know the path; check the account's base_url and routes",
	adapters.KindUnavailable:    "%s cannot be reached or answered with a fault",
	adapters.KindTimeout:        "%s did not answer in time",
	adapters.KindBadAnswer:      "%s gave an answer that cannot be read",
	adapters.KindNotSupported:   "%s has no such operation",
	adapters.KindWrongState:     "%s does not do this in the state the object is in",
	adapters.KindRouteDoubted:   "%s does not know the path, or has no such object, and does not say which; check the account's routes",
	adapters.KindAccountStopped: "this %s account is stopped; a good test of the account resumes it",
}

// VendorMessage is the sentence about a vendor's failure that callers may see.
func VendorMessage(v *adapters.Error) string {
	text := fmt.Sprintf(vendorSentences[v.Kind], v.Vendor)
	if method := adapters.MethodOf(v.Op); v.Kind == adapters.KindConflict && method != nil && method.Parent().Name() != "LeadService" {
		text = v.Vendor + " has this already"
	}
	if v.Message != "" {
		text += ": " + v.Message
	}
	return text
}

// Engagement is a vendor's failure as it stands on an engagement.
func Engagement(v *adapters.Error) *leadmuxv1.EngagementError {
	return &leadmuxv1.EngagementError{Reason: Name(KindReason(v.Kind)), Message: VendorMessage(v), FieldViolations: v.Fields}
}
