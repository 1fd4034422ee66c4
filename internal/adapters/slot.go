package adapters

import (
	"context"
	"sync/atomic"
)

type slotKey struct{}

// WithSlot marks ctx as holding one rate slot that Line.TryTake took. The transport uses it up for the first request under
// ctx; later ones wait for their own.
func WithSlot(ctx context.Context) context.Context {
	held := new(atomic.Bool)
	held.Store(true)
	return context.WithValue(ctx, slotKey{}, held)
}

// UseSlot uses up the slot that ctx holds and says whether there was one. Only the transport calls it.
func UseSlot(ctx context.Context) bool {
	held, ok := ctx.Value(slotKey{}).(*atomic.Bool)
	return ok && held.CompareAndSwap(true, false)
}

type recheckKey struct{}

// WithRecheck marks ctx as that of a repeat: an earlier attempt may have reached the vendor, so what can be found out is looked for
// before it is done again.
func WithRecheck(ctx context.Context) context.Context {
	return context.WithValue(ctx, recheckKey{}, true)
}

// Rechecks says whether ctx is that of a repeat.
func Rechecks(ctx context.Context) bool {
	repeat, _ := ctx.Value(recheckKey{}).(bool)
	return repeat
}
