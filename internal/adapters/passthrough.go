package adapters

import (
	"context"
	"net/url"
)

// Passer can make a request that no RPC stands for, under the account's credentials and rate slots.
type Passer interface {
	Adapter
	// Pass makes the request. An answer of the vendor's own, whatever its status, is no error, but that it wants other credentials,
	// fewer requests, or has a fault. Errors are *Error.
	Pass(ctx context.Context, request RawRequest) (RawAnswer, error)
}

// RawRequest is a request in the vendor's own terms.
type RawRequest struct {
	// Method is an HTTP method.
	Method string
	// Path begins with "/" and is appended to the account's base URL.
	Path  string
	Query url.Values
	// Body is JSON; nil for none.
	Body []byte
}

// RawAnswer is the vendor's answer.
type RawAnswer struct {
	Status    int
	Body      []byte
	RequestID string // the vendor's ID of the request
}
