package ujet

import (
	"context"
	"crypto/subtle"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// verdict is what the gate decided when a request arrived.
type verdict struct {
	authorized bool
	// legacy says that the password was the company's secret, not an API user's token.
	legacy     bool
	limited    bool
	retryAfter time.Duration
}

type verdictKey struct{}

// gate keeps the vendor's door: Basic credentials first, then the request rate of the subdomain.
// A request without valid credentials belongs to no customer and takes nothing from its rate.
type gate struct {
	subdomain, token, apiUser string
	mu                        sync.Mutex
	limiter                   *rate.Limiter
}

func newGate(subdomain, token string) *gate {
	return &gate{subdomain: subdomain, token: token, apiUser: APIUserToken, limiter: rate.NewLimiter(rate.Inf, 1)}
}

// arrive judges a request at its arrival time, before any injected delay: a late answer to one
// request must not make the next one look too early.
func (g *gate) arrive(r *http.Request, at time.Time, perSecond float64, secret string) verdict {
	user, password, _ := r.BasicAuth()
	same := func(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	v := verdict{legacy: same(password, secret)}
	v.authorized = same(user, g.subdomain) && (v.legacy || same(password, g.token) || same(password, g.apiUser))
	if !v.authorized || perSecond <= 0 {
		return v
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limiter.Limit() != rate.Limit(perSecond) {
		g.limiter.SetLimitAt(at, rate.Limit(perSecond))
	}
	if !g.limiter.AllowN(at, 1) {
		need := (1 - g.limiter.TokensAt(at)) / perSecond
		v.limited, v.retryAfter = true, time.Duration(need*float64(time.Second))
	}
	return v
}

// admit stores the verdict for enforce.
func (e *Emulator) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := e.gate.arrive(r, e.now(), e.settings.Get().RatePerSecond, e.settings.Get().CompanySecret)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), verdictKey{}, v)))
	})
}

// enforce answers what the gate refused. The body of the 401, the status of the over-limit answer
// and its Retry-After (whole seconds, rounded up) are assumed.
func enforce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := r.Context().Value(verdictKey{}).(verdict)
		switch {
		case !v.authorized:
			w.Header().Set("WWW-Authenticate", `Basic realm="Application"`)
			writeMessage(w, http.StatusUnauthorized, "Unauthorized")
		case v.limited:
			seconds := max(1, int(math.Ceil(v.retryAfter.Seconds())))
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			writeMessage(w, http.StatusTooManyRequests, "Too Many Requests")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// SmallestGap is the shortest time between two arrivals, whatever became of them; it is how a
// judge proves the rate a client keeps. Fewer than two requests are an error: they prove nothing.
func SmallestGap(requests []kit.Request) (time.Duration, error) {
	if len(requests) < 2 {
		return 0, fmt.Errorf("ujet: %d arrivals have no gap", len(requests))
	}
	arrivals := make([]time.Time, len(requests))
	for i, r := range requests {
		arrivals[i] = r.Time
	}
	slices.SortFunc(arrivals, time.Time.Compare)
	smallest := time.Duration(math.MaxInt64)
	for i := 1; i < len(arrivals); i++ {
		smallest = min(smallest, arrivals[i].Sub(arrivals[i-1]))
	}
	return smallest, nil
}
