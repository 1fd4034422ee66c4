package kit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// Faults is an emulator's list of planned faults. They live in memory only: a
// restarted emulator behaves well. The zero value is ready, and it is safe for
// concurrent use.
type Faults struct {
	mu   sync.Mutex
	list []Fault
}

// Add appends faults to the plan. A fault that contradicts itself, or does
// nothing, is refused and then none is added.
func (f *Faults) Add(faults ...Fault) error {
	for i, one := range faults {
		if err := one.check(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range faults {
		if one.Count == 0 {
			one.Count = 1
		}
		f.list = append(f.list, one)
	}
	return nil
}

// Clear removes all planned faults.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// List returns the faults still to come, Count being what is left of each.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

// take uses up one application of the first fault that fits r.
func (f *Faults) take(r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		if !f.list[i].matches(r) {
			continue
		}
		hit := f.list[i]
		if hit.Count > 0 {
			f.list[i].Count--
		}
		if f.list[i].Count == 0 {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return hit, true
	}
	return Fault{}, false
}

// parseFaults reads one fault object or {"faults":[…]}, strictly.
func parseFaults[T any](raw []byte) ([]T, error) {
	const list = "faults"
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, fmt.Errorf("body must be a fault or {\"faults\":[…]}: %w", err)
	}
	if _, many := keys[list]; !many {
		one := make([]T, 1)
		return one, DecodeStrict(raw, &one[0])
	}
	for key := range keys {
		if key != list {
			return nil, fmt.Errorf("unknown key %q; allowed: %s", key, list)
		}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(keys[list], &items); err != nil {
		return nil, fmt.Errorf("%s must be a list: %w", list, err)
	}
	out := make([]T, len(items))
	for i, item := range items {
		if err := DecodeStrict(item, &out[i]); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i, err)
		}
	}
	return out, nil
}
