package delivery

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// learn takes over what the vendor said of the lead.
func (s *settling) learn(came outcome) {
	result := came.result
	s.e.Error = nil
	if result.VendorLeadID != "" {
		KnownAs(s.e, result.VendorLeadID)
	}
	s.e.VendorUrl = cmp.Or(result.VendorURL, s.e.GetVendorUrl())
	s.e.VendorStatus = cmp.Or(result.VendorStatus, s.e.GetVendorStatus())
	for name, value := range result.VendorRefs {
		if s.e.VendorRefs == nil {
			s.e.VendorRefs = map[string]string{}
		}
		if s.e.VendorRefs[name] = value; value == "" {
			delete(s.e.VendorRefs, name)
		}
	}
	if methodOf(s.op).opens {
		s.e.VendorOptions = optionsFor(s.account.Vendor, s.op.GetVendorOptions())
	}
	if sendsLead(s.op) {
		s.e.Warnings = slices.DeleteFunc(s.e.GetWarnings(), aboutFields)
		if samePerson(came.sent, s.lead) {
			dropWarnings(s.e, leadmuxv1.WarningCode_WARNING_CODE_UPDATE_NOT_SENT)
		}
	}
	for _, w := range result.Warnings {
		Warn(s.e, w)
	}
}

// optionsFor are the options of one vendor; nil when there are none.
func optionsFor(vendor string, options *leadmuxv1.VendorOptions) *leadmuxv1.VendorOptions {
	if options == nil {
		return nil
	}
	own := &leadmuxv1.VendorOptions{}
	from, to := options.ProtoReflect(), own.ProtoReflect()
	field := from.Descriptor().Fields().ByName(protoreflect.Name(vendor))
	if field == nil || !from.Has(field) {
		return nil
	}
	to.Set(field, from.Get(field))
	return proto.CloneOf(own)
}

// aboutFields says whether a warning is about what a vendor does not take of the lead, which each sending says anew.
func aboutFields(w *leadmuxv1.Warning) bool {
	switch w.GetCode() {
	case rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_FIELD_CLIPPED),
		rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_FIELD_NOT_SENT):
		return true
	default:
		return false
	}
}

// samePerson says whether the lead is still as it was sent, whatever became of its engagements meanwhile.
func samePerson(sent, now *leadmuxv1.Lead) bool {
	bare := func(lead *leadmuxv1.Lead) *leadmuxv1.Lead {
		lead = proto.CloneOf(lead)
		lead.Engagements, lead.UpdateTime, lead.Etag = nil, nil, ""
		return lead
	}
	return proto.Equal(bare(sent), bare(now))
}

// KnownAs records the lead's ID at the vendor, which may have been pending.
func KnownAs(e *leadmuxv1.Engagement, vendorLeadID string) {
	e.VendorLeadId = vendorLeadID
	dropWarnings(e, leadmuxv1.WarningCode_WARNING_CODE_VENDOR_ID_PENDING)
}

// Warn adds a warning unless the engagement has it already.
func Warn(e *leadmuxv1.Engagement, warning *leadmuxv1.Warning) {
	for _, w := range e.GetWarnings() {
		if proto.Equal(w, warning) {
			return
		}
	}
	e.Warnings = append(e.Warnings, warning)
}

func warned(e *leadmuxv1.Engagement, code leadmuxv1.WarningCode) bool {
	return slices.ContainsFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool { return w.GetCode() == rpcerr.WarningName(code) })
}

func dropWarnings(e *leadmuxv1.Engagement, code leadmuxv1.WarningCode) {
	e.Warnings = slices.DeleteFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool { return w.GetCode() == rpcerr.WarningName(code) })
}
