package vendorhttp

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter caps what a vendor can ask for: a typing error of theirs must not park an account for a year.
const maxRetryAfter = time.Hour

// retryAfter reads Retry-After, which holds seconds or an HTTP date; 0 when absent, past or unreadable.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
