package idmap

import leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"

// SuppressionReader reads who must not be contacted.
type SuppressionReader interface {
	// Suppression returns a suppression, or ErrNotFound. Its evidence is empty once the data key it was sealed under is gone.
	Suppression(tenant, suppressionID string) (*leadmuxv1.Suppression, error)
	// SuppressionsOf returns the suppressions that were stored with any of the keys, each once, the oldest first; also those
	// that no longer block anything.
	SuppressionsOf(tenant string, keys []PersonKey) ([]*leadmuxv1.Suppression, error)
	// ListSuppressions returns the suppressions that pass filter, newest first, of those before the suppression ID in before
	// ("" for the newest). It looks at a bounded number: next is the before of the next call, "" at the end.
	ListSuppressions(tenant string, filter SuppressionFilter, before string, limit int) (list []*leadmuxv1.Suppression, next string, err error)
}

// SuppressionWriter changes who must not be contacted.
type SuppressionWriter interface {
	// PutSuppression stores a suppression, new or changed. It is found by keys from then on, and by those it had before: none
	// is ever taken away. The values of keys are kept as keyed hashes only, the evidence sealed.
	PutSuppression(tenant string, suppression *leadmuxv1.Suppression, keys []PersonKey) error
}

// PersonKind says what a PersonKey holds.
type PersonKind uint8

// What a person is known by: a phone of any kind, an e-mail address, or one of our leads, whose values may have changed since.
const (
	PersonPhone PersonKind = iota + 1
	PersonEmail
	PersonLead
)

// PersonKey is something a person is known by: phones in E.164, e-mail in any case, leads by their ID.
type PersonKey struct {
	Kind  PersonKind
	Value string
}

// SuppressionFilter narrows a list. Zero fields do not narrow. Account and Notice together mean one notice with both.
type SuppressionFilter struct {
	LeadID   string                      // among lead_ids
	Account  string                      // with a notice to it
	Notice   leadmuxv1.VendorNoticeState // with a notice in this state
	Blocking bool                        // only those that still block a channel
}
