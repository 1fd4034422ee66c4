package delivery

import (
	"context"
	"math"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Health is how an account is: its line as this process sees it, its stop and its queue as they stand in the index.
func (d *Dispatcher) Health(ctx context.Context, account *adapters.Account) (*leadmuxv1.AccountHealth, error) {
	health := account.Line.Health()
	err := d.store.View(ctx, func(r idmap.Reader) error {
		stop, stopped, err := stopOf(r, account)
		if err != nil {
			return err
		}
		if stopped {
			health.Stopped, health.StopReason = true, rpcerr.Name(stop.Reason)
			health.StopTime, health.StopOperationId = stamp(stop.Time), stop.OperationID
		}
		doubts, err := r.InDoubt(account.Tenant, account.Name)
		if err != nil {
			return err
		}
		health.InDoubt = count(doubts)
		waiting, err := r.Queue(account.Tenant, account.Name)
		if err != nil || waiting.Depth == 0 {
			return err
		}
		health.Queued, health.OldestQueuedTime = count(waiting.Depth), stamp(waiting.Oldest)
		health.Queues = nil
		for _, part := range waiting.Parts {
			health.Queues = append(health.Queues, &leadmuxv1.QueuedOperations{
				Priority: part.Priority, Queued: count(part.Depth), OldestQueuedTime: stamp(part.Oldest),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return health, nil
}

// count is a number as the API has it.
func count(n int) int32 { return int32(min(n, math.MaxInt32)) }
