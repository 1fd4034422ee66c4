package vendorhttp

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// slack widens the gap between two requests, so that a vendor whose clock or network bunches them still sees fewer than its
// limit.
const slack = 1.05

// Slots is a vendor's limit: evenly spaced moments at which a request may leave. Accounts that share a limit at the vendor
// share one Slots.
type Slots struct {
	limiter *rate.Limiter
	perSec  float64
}

// NewSlots allows at most ratePerSecond requests per second; zero or less means no limit. The first slot comes one gap after
// the call, so that a restart cannot put two requests closer together than the limit allows.
func NewSlots(ratePerSecond float64) *Slots {
	if ratePerSecond <= 0 {
		return &Slots{limiter: rate.NewLimiter(rate.Inf, 1)}
	}
	limiter := rate.NewLimiter(rate.Limit(ratePerSecond/slack), 1)
	limiter.Allow()
	return &Slots{limiter: limiter, perSec: ratePerSecond}
}

// try takes a slot if one is free now.
func (s *Slots) try() bool { return s.limiter.Allow() }

// wait takes the next slot, or fails when ctx ends before it would come.
func (s *Slots) wait(ctx context.Context) error { return s.limiter.Wait(ctx) }

// next is how long until a slot is free; zero when one is free now.
func (s *Slots) next() time.Duration {
	limit := s.limiter.Limit()
	if limit == rate.Inf {
		return 0
	}
	missing := 1 - s.limiter.Tokens()
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / float64(limit) * float64(time.Second))
}
