package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The types that are read in their own way.
var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	accountType  = reflect.TypeFor[Account]()
	apiKeyType   = reflect.TypeFor[APIKey]()
)

// decoder fills a Config from the syntax tree of a file. The library's own decoder stops at the first problem; this one goes on,
// and keeps where every value was given.
type decoder struct {
	file     string
	env      func(string) (string, bool)
	at       map[string]origin
	problems Problems
	vendor   string // of the account being read; empty elsewhere and where it is not known
}

func (d *decoder) bad(key string, line int, format string, args ...any) {
	d.problems = append(d.problems, Problem{Source: d.file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// document reads a whole file into c.
func (d *decoder) document(raw []byte, c *Config) {
	tree, err := parser.ParseBytes(raw, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return
	}
	docs := slices.DeleteFunc(tree.Docs, func(doc *ast.DocumentNode) bool { return empty(doc.Body) })
	if len(docs) == 0 {
		return
	}
	if len(docs) > 1 {
		d.bad("", line(docs[1].Body), "a second YAML document starts here; there can be one")
	}
	d.mapping("", docs[0].Body, reflect.ValueOf(c).Elem())
}

// syntax reports a file that is no YAML, without the library's excerpt of the file, which may show anything.
func (d *decoder) syntax(err error) {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		d.bad("", e.GetToken().Position.Line, "this is not YAML: %s", firstLine(e.GetMessage()))
		return
	}
	d.bad("", 1, "this is not YAML")
}

// value reads node into v.
func (d *decoder) value(key string, node ast.Node, v reflect.Value) {
	if !d.plain(key, node) {
		return
	}
	switch {
	case v.Type() == secretType:
		d.secret(key, node, v)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.mapping(key, node, v.Elem())
	case v.Kind() == reflect.Struct:
		d.mapping(key, node, v)
	case v.Kind() == reflect.Slice:
		d.list(key, node, v)
	case v.Kind() == reflect.Map:
		d.texts(key, node, v)
	default:
		d.scalar(key, node, v)
	}
}

// plain refuses what a reader of the file would have to resolve in the head.
func (d *decoder) plain(key string, node ast.Node) bool {
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		d.bad(key, line(node), "anchors and aliases are not read; write the value out")
	case *ast.TagNode:
		d.bad(key, line(node), "YAML tags are not read; leave the tag out")
	case *ast.NullNode:
		d.bad(key, line(node), "has no value; give one or leave the key out")
	default:
		return true
	}
	return false
}

// mapping reads a struct.
func (d *decoder) mapping(key string, node ast.Node, v reflect.Value) {
	if v.Type() == accountType {
		d.vendor = vendorOf(node)
		defer func() { d.vendor = "" }()
		v.Set(reflect.ValueOf(DefaultAccount(d.vendor)))
	}
	if v.Type() == apiKeyType {
		v.Set(reflect.ValueOf(defaultKey()))
	}
	fields := fieldsOf(v.Type())
	d.entries(key, node, allowed(fields, d.vendor), func(name, path string, value ast.Node, at int) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		if i < 0 {
			d.bad(path, at, "unknown key; allowed here: %s", allowed(fields, d.vendor))
			return
		}
		if d.vendor != "" && !fields[i].of(d.vendor) {
			d.bad(path, at, "is not a key of a %s account; allowed here: %s", d.vendor, allowed(fields, d.vendor))
			return
		}
		d.value(path, value, v.Field(fields[i].index))
	})
}

// texts reads a map of names to texts.
func (d *decoder) texts(key string, node ast.Node, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	d.entries(key, node, "names with a text each", func(name, path string, value ast.Node, _ int) {
		text := reflect.New(v.Type().Elem()).Elem()
		d.value(path, value, text)
		v.SetMapIndex(reflect.ValueOf(name), text)
	})
}

// entries calls read for every entry of a mapping, once for each name.
func (d *decoder) entries(key string, node ast.Node, want string, read func(name, path string, value ast.Node, at int)) {
	m, ok := node.(ast.MapNode)
	if !ok {
		d.bad(key, line(node), "must be a mapping of: %s", want)
		return
	}
	first := map[string]int{}
	for entries := m.MapRange(); entries.Next(); {
		tk := entries.Key().GetToken()
		name, at := tk.Value, tk.Position.Line
		path := strings.TrimPrefix(key+"."+name, ".")
		if before, twice := first[name]; twice {
			d.bad(path, at, "is given twice, first in line %d", before)
			continue
		}
		first[name] = at
		d.at[path] = origin{source: d.file, line: at}
		read(name, path, entries.Value(), at)
	}
}

// list reads a slice.
func (d *decoder) list(key string, node ast.Node, v reflect.Value) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.bad(key, line(node), "must be a list, such as [a, b]")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, element := range seq.Values {
		path := item(key, i)
		d.at[path] = origin{source: d.file, line: line(element)}
		d.value(path, element, v.Index(i))
	}
}

// vendorOf is the vendor that an account's mapping names, if there is such a vendor.
func vendorOf(node ast.Node) string {
	m, ok := node.(ast.MapNode)
	if !ok {
		return ""
	}
	for entries := m.MapRange(); entries.Next(); {
		if entries.Key().GetToken().Value != "vendor" {
			continue
		}
		if name := entries.Value().GetToken().Value; slices.Contains(Vendors, name) {
			return name
		}
	}
	return ""
}

// line is the line where node starts.
func line(node ast.Node) int {
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken().Position.Line
	}
	if m, ok := node.(*ast.MappingValueNode); ok {
		return m.Key.GetToken().Position.Line
	}
	return position(node.GetToken())
}

func position(tk *token.Token) int {
	if tk == nil || tk.Position == nil {
		return 1
	}
	return tk.Position.Line
}

// empty says whether a document holds nothing but comments.
func empty(body ast.Node) bool {
	return body == nil || body.Type() == ast.CommentType || body.Type() == ast.NullType
}

func firstLine(s string) string {
	before, _, _ := strings.Cut(s, "\n")
	return before
}
