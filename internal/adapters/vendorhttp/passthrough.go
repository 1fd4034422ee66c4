package vendorhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters"
)

// opPassthrough is the RPC, as errors and metrics name it.
const opPassthrough = "Passthrough"

// errPath says that a path would lead elsewhere than beneath the base URL.
var errPath = errors.New("nothing was sent: the path does not lead beneath the account's base URL")

// Pass makes a request that no route stands for: adapters.Passer. header holds what the client does not set itself; may be nil.
func (c *Client) Pass(ctx context.Context, request adapters.RawRequest, header http.Header) (adapters.RawAnswer, error) {
	if !request.Beneath() {
		return adapters.RawAnswer{}, &adapters.Error{Vendor: c.vendor, Op: opPassthrough, Kind: adapters.KindInvalid, Cause: errPath}
	}
	call := Call{
		Op: opPassthrough, Query: request.Query, Header: header,
		target: &route{Route: Route{Method: request.Method, Path: request.Path}},
	}
	if request.Body != nil {
		call.Body = json.RawMessage(request.Body)
	}
	answer, err := c.exchange(ctx, call, func(Answer) *adapters.Error { return nil })
	if e, ok := errors.AsType[*adapters.Error](err); ok && answer.Status >= 300 && answer.Status < 500 &&
		e.Kind != adapters.KindCredentials && e.Kind != adapters.KindRateLimited {
		err = nil // the vendor's own word on the request
	}
	return adapters.RawAnswer{Status: answer.Status, Body: answer.Body, RequestID: answer.RequestID()}, err
}
