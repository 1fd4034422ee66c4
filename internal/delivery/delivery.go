// Package delivery is the journalled way out: it takes the operations that the service accepted, sends each one to its vendor
// through the account's adapter, and settles what came of it.
//
// Invariants:
//   - An attempt is marked started, durably, before its first byte leaves, in the transaction that accepts the operation or
//     takes it from the queue.
//   - What the vendor receives is built at that moment from the lead as it is; no journal entry holds a vendor body.
//   - An attempt whose outcome is not known is repeated only as its idempotency class allows (rules.go).
//   - An engagement moves only along the table in transitions.go.
//
// Only the service calls it. It calls adapters and the index.
package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/typeid"
)

// AttemptTimeout bounds one attempt. A caller's deadline or disconnect ends only its waiting, never an attempt.
const AttemptTimeout = 30 * time.Second

// places bounds the attempts under way at one account, by the priority of the next one: a vendor that hangs must not fill itself
// with what nobody waits for. What was sent as it was accepted, and found a slot, counts for none.
var places = map[leadmuxv1.Priority]int{
	leadmuxv1.Priority_PRIORITY_BULK: 56, leadmuxv1.Priority_PRIORITY_INTERACTIVE: 64, leadmuxv1.Priority_PRIORITY_OPT_OUT: 72,
}

// Config is what a Dispatcher needs.
type Config struct {
	Store    idmap.Store
	Accounts *adapters.Set
	Schedule Schedule
	Logger   *slog.Logger
	Now      func() time.Time // nil: time.Now
	// Secret keys the hashes that a vendor's event is known by as one of a write; nil: no write is settled by an event.
	Secret *seal.Secret
	// Shared says that other processes send from the same index. What they hold is then left to them until its lease is over.
	// The embedded index lets one process in only, and what is found started there was cut off.
	Shared bool
	// Follow says by account name how long to wait at first before work that the vendor does in the background is asked for; where it is
	// missing or zero, nothing is followed.
	Follow map[string]time.Duration
	// Followed is told that something more is followed at an account; nil: nobody.
	Followed func(account string)
}

// Dispatcher sends operations. Make it with New, then Start it before anything is accepted.
type Dispatcher struct {
	store    idmap.Store
	accounts *adapters.Set
	schedule Schedule
	logger   *slog.Logger
	now      func() time.Time
	shared   bool
	secret   *seal.Secret
	holder   string // the name of this process in the attempts it makes
	follow   map[string]time.Duration
	followed func(account string)

	queues map[string]*queue // by account name; fixed after New
	turns  map[string]*turn  // by account name; fixed after New
	hub    hub

	closing  sync.RWMutex // held for writing by Close; under it for reading, running tells whether attempts may begin
	loops    sync.WaitGroup
	attempts sync.WaitGroup
	stop     context.CancelFunc // ends the loops
	cut      context.CancelFunc // ends attempts under way
	attempt  context.Context    // parent of every attempt
	running  context.Context    // done once Close was called
}

// New makes a Dispatcher.
func New(cfg Config) *Dispatcher {
	d := &Dispatcher{
		store: cfg.Store, accounts: cfg.Accounts, schedule: cfg.Schedule, logger: cfg.Logger, now: cfg.Now,
		shared: cfg.Shared, secret: cfg.Secret, holder: typeid.New("process_"), queues: map[string]*queue{}, turns: newTurns(cfg.Accounts.All()),
		follow: cfg.Follow, followed: cfg.Followed,
	}
	if d.followed == nil {
		d.followed = func(string) {}
	}
	if d.now == nil {
		d.now = time.Now
	}
	d.running, d.stop = context.WithCancel(context.Background())
	d.attempt, d.cut = context.WithCancel(context.Background())
	for _, account := range cfg.Accounts.All() {
		d.queues[account.Name] = newQueue(account)
	}
	contests(d.queues)
	return d
}

// Start settles what a stop of the service cut off, then begins to send what is queued.
func (d *Dispatcher) Start(ctx context.Context) error {
	if err := d.recallStops(ctx); err != nil {
		return fmt.Errorf("read which accounts are stopped: %w", err)
	}
	if err := d.recall(ctx); err != nil {
		return err
	}
	if err := d.repair(ctx); err != nil {
		return err
	}
	if err := d.warnOfOrphans(ctx); err != nil {
		return fmt.Errorf("read which accounts have operations: %w", err)
	}
	if d.shared {
		d.loops.Go(d.repairOthers)
	}
	for _, q := range d.queues {
		d.loops.Go(func() { d.drain(q) })
	}
	return nil
}

// Close stops taking from the queues and waits for the attempts under way, until ctx is done: those still open then are cut
// off and settled at the next start.
func (d *Dispatcher) Close(ctx context.Context) {
	d.closing.Lock()
	d.stop()
	d.closing.Unlock()
	d.loops.Wait()
	done := make(chan struct{})
	go func() {
		d.attempts.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	d.cut()
	<-done
}

// Wake makes an account's queue look again, after its line was resumed.
func (d *Dispatcher) Wake(account string) {
	if q, ok := d.queues[account]; ok {
		q.wake()
	}
}

// Changed wakes those who wait for a lead that was changed elsewhere than by an attempt.
func (d *Dispatcher) Changed(leadID string) { d.hub.publish(leadID) }

// Touch sets a lead's update_time and etag; every change of a stored lead goes through it. The time moves on with every
// change, even within one tick of the clock.
func Touch(lead *leadmuxv1.Lead, now time.Time) {
	if last := lead.GetUpdateTime(); last != nil && !now.After(last.AsTime()) {
		now = last.AsTime().Add(time.Nanosecond)
	}
	lead.UpdateTime = stamp(now)
	lead.Etag = etag(now)
}
