package convertalk

import (
	"context"
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters"
)

var _ adapters.Passer = (*Adapter)(nil)

// Pass makes a request that no RPC stands for. The vendor has a token for reading and one for writing.
func (a *Adapter) Pass(ctx context.Context, request adapters.RawRequest) (adapters.RawAnswer, error) {
	if request.Method == http.MethodGet {
		return a.client.Pass(ctx, request, a.list)
	}
	return a.client.Pass(ctx, request, a.write)
}
