package conversica

import (
	"net/http"
	"sync"
	"time"
)

// gate checks HTTP Basic and, where switched on, locks after repeated failures.
// What it counts lives in memory: a restart unlocks.
type gate struct {
	username, password string

	mu          sync.Mutex
	failures    int
	lockedUntil time.Time
}

func newGate(username, password string) *gate {
	return &gate{username: username, password: password}
}

// admit returns 0 if the request may pass, else the status to refuse it with.
// While locked, right credentials are refused too.
func (g *gate) admit(r *http.Request, s Settings, now time.Time) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.LockoutAfter > 0 && now.Before(g.lockedUntil) {
		return s.LockoutStatus
	}
	username, password, ok := r.BasicAuth()
	if ok && username == g.username && password == g.password {
		g.failures = 0
		return 0
	}
	g.failures++
	if s.LockoutAfter > 0 && g.failures >= s.LockoutAfter {
		g.failures = 0
		g.lockedUntil = now.Add(s.lockout())
	}
	return http.StatusUnauthorized
}
