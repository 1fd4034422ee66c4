// Package retryafter reads the header Retry-After (RFC 9110, section 10.2.3) of whoever we call: vendors and the endpoints of webhooks.
package retryafter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Read is the wait that an answer asks for, in seconds or as an HTTP date; 0 when there is none, or it is past or unreadable. It is at
// most limit: a typing error elsewhere must not park anything for a year.
func Read(h http.Header, now time.Time, limit time.Duration) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), int64(limit/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), limit)
}
