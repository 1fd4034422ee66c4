package kit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
)

// settingsKind and settingsID are where a ledger keeps its emulator's settings.
const (
	settingsKind = "_settings"
	settingsID   = "settings"
)

// Settings holds a vendor's switches as a struct T with JSON tags. Changes
// are durable in the ledger. A value that Get has returned is never changed
// later, so its maps and slices may be read freely (and must not be written).
type Settings[T any] struct {
	ledger *Ledger
	def    T
	checks []func(T) error

	mu  sync.Mutex // one patch at a time
	now atomic.Pointer[T]
}

// NewSettings loads the settings stored in the ledger over the defaults def.
// Each check can refuse a patched value as a whole.
func NewSettings[T any](l *Ledger, def T, checks ...func(T) error) (*Settings[T], error) {
	s := &Settings[T]{ledger: l, def: def, checks: checks}
	stored, err := s.load()
	if err != nil {
		return nil, err
	}
	value, err := s.build(stored)
	if err != nil {
		return nil, fmt.Errorf("stored settings: %w", err)
	}
	s.now.Store(value)
	return s, nil
}

// Get returns the settings in force.
func (s *Settings[T]) Get() T {
	return *s.now.Load()
}

// Patch merges a JSON object into the settings (RFC 7396: nested objects are
// merged, null brings back the default) and stores the result. A key that T
// does not have, or a value a check refuses, leaves everything as it was.
func (s *Settings[T]) Patch(raw []byte) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var patch map[string]any
	if err := json.Unmarshal(raw, &patch); err != nil {
		return s.Get(), fmt.Errorf("body must be a JSON object: %w", err)
	}
	if patch == nil {
		return s.Get(), errors.New("body must be a JSON object, not null")
	}
	stored, err := s.load()
	if err != nil {
		return s.Get(), err
	}
	merged := merge(stored, patch)
	if err := checkKeys[T](merged); err != nil {
		return s.Get(), err
	}
	value, err := s.build(merged)
	if err != nil {
		return s.Get(), err
	}
	put := func(tx *Tx) error { return tx.Put(settingsKind, settingsID, merged) }
	if err := s.ledger.Update(put); err != nil {
		return s.Get(), err
	}
	s.now.Store(value)
	return *value, nil
}

// current and patchJSON let the control API work on any T.
func (s *Settings[T]) current() any { return s.Get() }

func (s *Settings[T]) patchJSON(raw []byte) (any, error) { return s.Patch(raw) }

// load reads what has been patched so far.
func (s *Settings[T]) load() (map[string]any, error) {
	stored := map[string]any{}
	err := s.ledger.View(func(tx *Tx) error {
		_, err := tx.Get(settingsKind, settingsID, &stored)
		return err
	})
	return stored, err
}

// build lays the patched keys over the defaults. Both go through JSON, so that
// no map or slice is shared with the defaults and one entry of a map can be
// patched without its neighbours.
func (s *Settings[T]) build(patched map[string]any) (*T, error) {
	raw, err := json.Marshal(s.def)
	if err != nil {
		return nil, fmt.Errorf("encode default settings: %w", err)
	}
	base := map[string]any{}
	if err := json.Unmarshal(raw, &base); err != nil {
		return nil, fmt.Errorf("default settings: %w", err)
	}
	if raw, err = json.Marshal(merge(base, patched)); err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	value := new(T)
	if err := json.Unmarshal(raw, value); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	for _, check := range s.checks {
		if err := check(*value); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// checkKeys refuses keys that T does not have, at any depth.
func checkKeys[T any](merged map[string]any) error {
	raw, err := json.Marshal(merged)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return DecodeStrict(raw, new(T))
}

// merge applies a JSON merge patch to a copy of base.
func merge(base, patch map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range patch {
		switch v := value.(type) {
		case nil:
			delete(out, key)
		case map[string]any:
			inner, _ := out[key].(map[string]any)
			out[key] = merge(inner, v)
		default:
			out[key] = v
		}
	}
	return out
}
