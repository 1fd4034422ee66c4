package service

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// taken is what an update took away from a lead: the paths of fields that are empty now, and of lists and maps that lost
// something. No vendor documents how to clear a value, so what was sent before stays there.
func taken(before, after *leadmuxv1.Lead) []string {
	return takenFrom(before.ProtoReflect(), after.ProtoReflect(), "lead")
}

func takenFrom(before, after protoreflect.Message, path string) (paths []string) {
	before.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := path + "." + field.TextName()
		switch {
		case settledHere(field):
		case !after.Has(field):
			paths = append(paths, at)
		case field.IsMap():
			if lostKey(value.Map(), after.Get(field).Map()) {
				paths = append(paths, at)
			}
		case field.IsList():
			if lostItem(value.List(), after.Get(field).List()) {
				paths = append(paths, at)
			}
		case field.Message() != nil && field.Message().FullName() != "google.protobuf.Timestamp":
			paths = append(paths, takenFrom(value.Message(), after.Get(field).Message(), at)...)
		}
		return true
	})
	return paths
}

func lostKey(before, after protoreflect.Map) bool {
	lost := false
	before.Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
		lost = !after.Has(key)
		return !lost
	})
	return lost
}

func lostItem(before, after protoreflect.List) bool {
	kept := map[string]bool{}
	for i := range after.Len() {
		kept[after.Get(i).String()] = true
	}
	for i := range before.Len() {
		if !kept[before.Get(i).String()] {
			return true
		}
	}
	return false
}

// warnTaken says on an engagement which values the vendor goes on having, and forgets those that are set again. A lead that was
// never sent there is no matter.
func warnTaken(e *leadmuxv1.Engagement, lead *leadmuxv1.Lead, paths []string) {
	if e.GetAttempts() == 0 {
		return
	}
	code := rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_VENDOR_NOT_TOLD)
	e.Warnings = slices.DeleteFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool {
		path, ok := parsePath(strings.TrimPrefix(w.GetField(), "lead."))
		return ok && w.GetCode() == code && path.isSet(lead.ProtoReflect())
	})
	for _, path := range paths {
		if neverTook(e, path) {
			continue
		}
		delivery.Warn(e, &leadmuxv1.Warning{
			Code: code, Field: path, Message: "taken away here only: " + e.GetVendor() + " keeps what it was told before",
		})
	}
}

// neverTook says whether the vendor has no place for a field, or for all that it is part of.
func neverTook(e *leadmuxv1.Engagement, path string) bool {
	code := rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_FIELD_NOT_SENT)
	return slices.ContainsFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool {
		return w.GetCode() == code && (w.GetField() == path || strings.HasPrefix(path, w.GetField()+"."))
	})
}
