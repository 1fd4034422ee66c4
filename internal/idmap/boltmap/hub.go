package boltmap

import "sync"

// hub wakes those who wait for new events. It holds nothing but one channel for each log that somebody waits for: a hundred
// watchers of a tenant share one, and read the log again when it is closed.
type hub struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by tenant
}

// Appended implements idmap.EventLog.
func (s *Store) Appended(tenant string) <-chan struct{} {
	h := &s.appended
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]chan struct{}{}
	}
	if h.waiting[tenant] == nil {
		h.waiting[tenant] = make(chan struct{})
	}
	return h.waiting[tenant]
}

// publish wakes those who wait for a tenant's log.
func (h *hub) publish(tenant string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if woken := h.waiting[tenant]; woken != nil {
		close(woken)
		delete(h.waiting, tenant)
	}
}
