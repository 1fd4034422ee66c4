package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// setter puts the value of a column into a lead.
type setter func(lead *leadmuxv1.Lead, value string)

// Columns beside the lead's own text fields: "tags", parted by semicolons, the address as "address.city", and further fields of
// yours as "attributes.NAME".
const (
	tagsColumn = "tags"
	address    = "address."
	attributes = "attributes."
)

// columns finds the field behind each name of a head line.
func columns(head []string) ([]setter, error) {
	var set []setter
	for _, name := range head {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")) // spreadsheets put a byte order mark in front
		s := column(name)
		if s == nil {
			return nil, fmt.Errorf("column %q is no field of a lead; there are: %s", name, strings.Join(known(), ", "))
		}
		set = append(set, s)
	}
	return set, nil
}

func column(name string) setter {
	switch {
	case name == tagsColumn:
		return func(lead *leadmuxv1.Lead, value string) {
			for tag := range strings.SplitSeq(value, ";") {
				if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(lead.GetTags(), tag) {
					lead.Tags = append(lead.Tags, tag)
				}
			}
		}
	case strings.HasPrefix(name, attributes) && name != attributes:
		key := strings.TrimPrefix(name, attributes)
		return func(lead *leadmuxv1.Lead, value string) {
			if lead.Attributes == nil {
				lead.Attributes = map[string]string{}
			}
			lead.Attributes[key] = value
		}
	case strings.HasPrefix(name, address):
		field := text((&leadmuxv1.Address{}).ProtoReflect().Descriptor(), strings.TrimPrefix(name, address))
		if field == nil {
			return nil
		}
		return func(lead *leadmuxv1.Lead, value string) {
			if lead.Address == nil {
				lead.Address = &leadmuxv1.Address{}
			}
			lead.Address.ProtoReflect().Set(field, protoreflect.ValueOfString(value))
		}
	}
	field := text((&leadmuxv1.Lead{}).ProtoReflect().Descriptor(), name)
	if field == nil {
		return nil
	}
	return func(lead *leadmuxv1.Lead, value string) {
		lead.ProtoReflect().Set(field, protoreflect.ValueOfString(value))
	}
}

// text is the text field of a name; nil when there is none.
func text(of protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	field := of.Fields().ByName(protoreflect.Name(name))
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() || name == "lead_id" || name == "etag" {
		return nil
	}
	return field
}

// known are the names that a head line may have.
func known() []string {
	var names []string
	fields := (&leadmuxv1.Lead{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if name := string(fields.Get(i).Name()); text(fields.Get(i).ContainingMessage(), name) != nil {
			names = append(names, name)
		}
	}
	return append(names, tagsColumn, address+"street", address+"city", address+"region", address+"postal_code", address+"country_code", attributes+"NAME")
}
