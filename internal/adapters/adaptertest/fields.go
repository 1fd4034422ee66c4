package adaptertest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// everyField proves that nothing the caller said is dropped in silence: each string of a full lead is in a request that
// reached the vendor, or a warning names it, or the adapter has declared it silent. An external_id may stay with us at every
// vendor: our own ID is what travels.
func (s suite) everyField(t *testing.T) {
	tr := s.begin(t)
	got, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	if err != nil {
		t.Fatalf("%s: %v", s.rpc, err)
	}
	var carried []string
	for _, r := range tr.sent() {
		var body any
		if err := json.Unmarshal(r.Body, &body); err == nil {
			carried = append(carried, texts(body)...)
		}
	}
	for _, l := range leaves("lead", tr.in.Lead.ProtoReflect(), false) {
		sent := slices.ContainsFunc(carried, func(text string) bool { return carries(text, plain(l.value)) })
		if l.path != "lead.lead_id" && !sent && !s.told(got.Warnings, l.path) {
			t.Errorf("%s is neither in a request nor in a warning", l.path)
		}
		if sent && warned(got.Warnings, l.path) {
			t.Errorf("%s is warned about as not sent, but is in a request", l.path)
		}
	}
}

// carries says whether a plain text holds a plain value, perhaps beside others ("first last"). A value of a few letters must
// stand alone, or chance would find it anywhere.
func carries(text, value string) bool {
	const few = 3
	return text == value || len(value) > few && strings.Contains(text, value)
}

// told says whether a path, or what it lies in, is warned about or declared silent.
func (h Harness) told(warnings []*leadmuxv1.Warning, path string) bool {
	return warned(warnings, path) || within(path, "lead.external_id") ||
		slices.ContainsFunc(h.Silent, func(p string) bool { return within(path, p) })
}

func warned(warnings []*leadmuxv1.Warning, path string) bool {
	notSent := rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_FIELD_NOT_SENT)
	return slices.ContainsFunc(warnings, func(w *leadmuxv1.Warning) bool {
		return w.GetCode() == notSent && within(path, w.GetField())
	})
}

// within says whether path is outer, or a part of it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// texts are all strings in a JSON value, plain.
func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		all = append(all, plain(v))
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	case map[string]any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	}
	return all
}

// plain is text without what a vendor's form of it may change: case, punctuation, blanks.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}
