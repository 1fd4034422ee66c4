package ujet

import (
	"context"

	"github.com/leadmux/leadmux/internal/adapters"
)

var _ adapters.Passer = (*Adapter)(nil)

// Pass makes a request that no RPC stands for.
func (a *Adapter) Pass(ctx context.Context, request adapters.RawRequest) (adapters.RawAnswer, error) {
	return a.client.Pass(ctx, request, nil)
}
