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
// share one Slots. NewSlots makes one for a service that is a single process; several processes need one that their common
// store hands out, and which keeps the same promises over all of them: no slot before the last one's gap is over, whoever
// took that, and no request on its way before the last one's is, whoever sent that.
type Slots interface {
	// Try takes a slot if one is free now.
	Try() bool
	// Wait takes the next slot, or fails when ctx ends before it would come.
	Wait(ctx context.Context) error
	// Next is how long until a slot is free; zero when one is free now.
	Next() time.Duration
	// Leave holds a request that has its slot back until it is a gap behind the last one that left, or ctx ends. Between slot
	// and first byte lie a commit of the index and perhaps a new connection, which take longer for one request than for the
	// next; only the moment of leaving is what the vendor sees.
	Leave(ctx context.Context)
	// PerSecond is the limit; zero means none.
	PerSecond() float64
}

// localSlots are the slots of a single process. They need nothing durable to hold over a restart: a request can have left until
// the old process ended, and the first one of the new process leaves one gap after its start.
type localSlots struct {
	limiter *rate.Limiter
	perSec  float64
	gap     time.Duration // between two requests that leave; zero without a limit

	leaving chan struct{} // holds one value while a request waits to leave
	left    time.Time     // when the last request left; whoever is in leaving has it
}

// NewSlots allows at most ratePerSecond requests per second; zero or less means no limit. The first slot comes one gap after
// the call.
func NewSlots(ratePerSecond float64) Slots {
	if ratePerSecond <= 0 {
		return &localSlots{limiter: rate.NewLimiter(rate.Inf, 1)}
	}
	limiter := rate.NewLimiter(rate.Limit(ratePerSecond/slack), 1)
	limiter.Allow()
	return &localSlots{
		limiter: limiter, perSec: ratePerSecond, gap: time.Duration(slack / ratePerSecond * float64(time.Second)),
		leaving: make(chan struct{}, 1), left: time.Now(),
	}
}

func (s *localSlots) Try() bool { return s.limiter.Allow() }

func (s *localSlots) Wait(ctx context.Context) error { return s.limiter.Wait(ctx) }

func (s *localSlots) PerSecond() float64 { return s.perSec }

func (s *localSlots) Next() time.Duration {
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

func (s *localSlots) Leave(ctx context.Context) {
	if s.gap == 0 {
		return
	}
	select {
	case s.leaving <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-s.leaving }()
	timer := time.NewTimer(time.Until(s.left.Add(s.gap)))
	defer timer.Stop()
	select {
	case <-timer.C:
		s.left = time.Now() // not when it was to: a busy machine wakes late
	case <-ctx.Done():
	}
}
