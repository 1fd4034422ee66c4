package delivery

import "sync"

// hub tells those who wait for a lead that it changed. It holds nothing: a waiter reads the index again.
type hub struct {
	mu      sync.Mutex
	waiters map[string]map[chan struct{}]bool // by lead ID
}

// subscribe returns a channel that gets a value after each change of the lead, and a function that ends it.
func (h *hub) subscribe(leadID string) (<-chan struct{}, func()) {
	changed := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiters == nil {
		h.waiters = map[string]map[chan struct{}]bool{}
	}
	if h.waiters[leadID] == nil {
		h.waiters[leadID] = map[chan struct{}]bool{}
	}
	h.waiters[leadID][changed] = true
	return changed, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiters[leadID], changed)
		if len(h.waiters[leadID]) == 0 {
			delete(h.waiters, leadID)
		}
	}
}

// publish wakes those who wait for the lead.
func (h *hub) publish(leadID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for changed := range h.waiters[leadID] {
		select {
		case changed <- struct{}{}:
		default: // it has not read the last one yet, and will read the index then
		}
	}
}
