package kit_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

type switches struct {
	Hold  bool              `json:"hold"`
	Limit int               `json:"limit"`
	List  []string          `json:"list"`
	Per   map[string]single `json:"per"`
}

type single struct {
	A, B bool
}

func (s switches) check() error {
	if s.Limit < 0 {
		return errors.New("limit must be 0 or more")
	}
	return nil
}

func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "toy.db")
	l, err := kit.OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	def := switches{Limit: 5, List: []string{"x", "y"}, Per: map[string]single{"west": {A: true}}}
	s, err := kit.NewSettings(l, def, switches.check)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Get(); !reflect.DeepEqual(got, def) {
		t.Errorf("at first = %+v", got)
	}
	patch := func(raw string) {
		t.Helper()
		if _, err := s.Patch([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	patch(`{"hold":true,"per":{"west":{"B":true}}}`)
	held := s.Get()
	patch(`{"limit":9,"list":["z"],"per":{"east":{"A":true}}}`)
	if len(held.Per) != 1 || held.Limit != 5 {
		t.Errorf("a value that was handed out has changed: %+v", held)
	}
	want := switches{Hold: true, Limit: 9, List: []string{"z"}, Per: map[string]single{
		"west": {A: true, B: true}, "east": {A: true},
	}}
	if got := s.Get(); !reflect.DeepEqual(got, want) {
		t.Errorf("patched = %+v, want %+v", got, want)
	}

	for raw, says := range map[string]string{
		`{"hodl":true}`:            `unknown key "hodl"; allowed: hold, limit, list, per`,
		`{"per":{"west":{"C":1}}}`: `unknown field "C"`,
		`{"limit":"x"}`:            "limit",
		`{"limit":-1}`:             "limit must be 0 or more",
		`null`:                     "JSON object",
		`7`:                        "JSON object",
	} {
		_, err := s.Patch([]byte(raw))
		wantErr(t, err, says)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	s, err = kit.NewSettings(openLedger(t, path), def, switches.check)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Get(); !reflect.DeepEqual(got, want) {
		t.Errorf("after reopening = %+v, want %+v", got, want)
	}
	patch(`{"limit":null,"list":null,"per":null,"hold":null}`)
	if got := s.Get(); !reflect.DeepEqual(got, def) {
		t.Errorf("reset = %+v, want %+v", got, def)
	}
}
