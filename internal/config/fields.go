package config

import (
	"reflect"
	"slices"
	"strings"
)

// field is a key of a struct.
type field struct {
	key     string
	index   int
	vendors []string // that have it; empty for all
}

// of says whether a vendor's accounts have the key.
func (f field) of(vendor string) bool {
	return len(f.vendors) == 0 || slices.Contains(f.vendors, vendor)
}

// fieldsOf lists the keys of a struct type in their order.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		var vendors []string
		if tag := f.Tag.Get("vendors"); tag != "" {
			vendors = strings.Split(tag, ",")
		}
		fields = append(fields, field{key: key, index: i, vendors: vendors})
	}
	return fields
}

// allowed names the keys of fields that a vendor's accounts have; all of them where vendor is empty.
func allowed(fields []field, vendor string) string {
	var keys []string
	for _, f := range fields {
		if vendor == "" || f.of(vendor) {
			keys = append(keys, f.key)
		}
	}
	return strings.Join(keys, ", ")
}

// Keys lists every key of the file, such as "accounts[].webhook.bearer", in the order of the file; those that only enclose others
// are left out. The documentation is tested against it.
func Keys() []string {
	var keys []string
	walkKeys(reflect.TypeFor[Config](), "", func(key string, _ reflect.Type) { keys = append(keys, key) })
	return keys
}

// walkKeys calls fn for every key of a struct type that does not only enclose others.
func walkKeys(t reflect.Type, prefix string, fn func(key string, t reflect.Type)) {
	for _, f := range fieldsOf(t) {
		key, ft := prefix+f.key, t.Field(f.index).Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		switch {
		case ft.Kind() == reflect.Struct && ft != secretType:
			walkKeys(ft, key+".", fn)
		case ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct && ft.Elem() != secretType:
			walkKeys(ft.Elem(), key+"[].", fn)
		default:
			fn(key, ft)
		}
	}
}
