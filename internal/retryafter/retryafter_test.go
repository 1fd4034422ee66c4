package retryafter_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/retryafter"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 15, 6, 7, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"-5":                            0,
		"30":                            30 * time.Second,
		" 30 ":                          30 * time.Second,
		"3600":                          time.Hour,
		"3601":                          time.Hour,
		"9223372036854775807":           time.Hour,
		"99999999999999999999":          0,
		"1.5":                           0,
		"soon":                          0,
		"Wed, 04 Mar 2026 15:08:07 GMT": 2 * time.Minute,
		"Wed, 04 Mar 2026 15:00:00 GMT": 0,
		"Thu, 05 Mar 2026 15:06:07 GMT": time.Hour,
	} {
		if got := retryafter.Read(http.Header{"Retry-After": {text}}, now, time.Hour); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"30", "-1", "Wed, 04 Mar 2026 15:08:07 GMT", "9223372036854775807", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := retryafter.Read(http.Header{"Retry-After": {text}}, time.Unix(0, 0), time.Hour)
		if got < 0 || got > time.Hour {
			t.Errorf("%q: got %s", text, got)
		}
	})
}
