package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong. Its text is a sentence without a secret in it.
type Problem struct {
	Source string // the file, the environment variable or the flag; empty for what the program itself set
	Line   int    // in the file, from 1; 0 elsewhere
	Key    string // such as accounts[0].token
	Text   string
}

// String is "source:line: key: text", without the parts that are not known.
func (p Problem) String() string {
	var b strings.Builder
	if p.Source != "" {
		b.WriteString(p.Source)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	return strings.Map(printableOrMark, b.String()+p.Text)
}

// printableOrMark keeps a problem on one line whatever the names in it hold.
func printableOrMark(r rune) rune {
	if unicode.IsControl(r) {
		return '\uFFFD'
	}
	return r
}

// Problems is everything that is wrong: what is in the file by line, then the rest by source.
type Problems []Problem //nolint:errname // many of them, and an error at once

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// err sorts, and is nil when nothing is wrong.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		if a.Line == 0 {
			return strings.Compare(a.Source, b.Source)
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return p
}

// add appends those of more that do not merely follow from a problem that is known already, because a value that could not be
// read is not there either.
func (p Problems) add(more Problems) Problems {
	known := p
	for _, m := range more {
		follows := slices.ContainsFunc(known, func(k Problem) bool { return k.Key != "" && within(m.Key, k.Key) })
		if !follows {
			p = append(p, m)
		}
	}
	return p
}

// within says whether key is outer or something inside it.
func within(key, outer string) bool {
	rest, ok := strings.CutPrefix(key, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// origin is where a value was given.
type origin struct {
	source string
	line   int
}

// source knows where every value was given. The zero source knows nothing.
type source struct {
	file string
	at   map[string]origin
}

// exact is where the value of key was given, if it was.
func (s source) exact(key string) (origin, bool) {
	o, ok := s.at[key]
	return o, ok
}

// nearest is where key was given, or what encloses it.
func (s source) nearest(key string) origin {
	for {
		if o, ok := s.at[key]; ok {
			return o
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			break
		}
		key = key[:i]
	}
	if s.file == "" {
		return origin{}
	}
	return origin{source: s.file, line: 1}
}

// item is the key of an element of a list.
func item(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
