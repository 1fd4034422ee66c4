package convertalk

import (
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// notices collects warnings while a lead is mapped.
type notices struct{ list []*leadmuxv1.Warning }

// newNotices begins with a warning about every field that is set and for which the vendor has no place, in the schema's
// order.
func newNotices(lead *leadmuxv1.Lead) *notices {
	return &notices{list: vendorhttp.NotSent("Convertalk", lead,
		"lead.first_name", "lead.last_name", "lead.email", "lead.phone", "lead.picture", "lead.status", "lead.tags", "lead.notes",
		"lead.attributes", "lead.warnings")}
}

func (n *notices) notSent(field, message string) {
	n.list = append(n.list, vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_FIELD_NOT_SENT, field, message))
}

func (n *notices) clipped(field, message string) {
	n.list = append(n.list, vendorhttp.Warning(leadmuxv1.WarningCode_WARNING_CODE_FIELD_CLIPPED, field, message))
}
