package vendorhttp

import leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"

// KnownID is the ID under which a vendor that keeps one record of a person has the lead: that of the engagement, which may have
// been linked by hand, else that of the last one before it; empty when the vendor does not know the lead.
func KnownID(e *leadmuxv1.Engagement) string {
	if id := e.GetVendorLeadId(); id != "" {
		return id
	}
	for i := len(e.GetClosed()) - 1; i >= 0; i-- {
		if id := e.GetClosed()[i].GetVendorLeadId(); id != "" {
			return id
		}
	}
	return ""
}
