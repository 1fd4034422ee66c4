package adapters

import (
	"context"

	"google.golang.org/protobuf/proto"
)

// Forwarder can do RPCs as they are: what the caller asked for goes to the vendor, and the vendor's answer to the caller, with
// nothing but names and forms changed.
type Forwarder interface {
	Adapter
	// Forwards says whether the vendor has the RPC, such as "ListWaitTimes".
	Forwards(rpc string) bool
	// Forward does an RPC once. Fields of the request that hold an ID of a lead, call or chat hold the vendor's by then, and so
	// do those of the response, which is filled in. A page token is the vendor's position in clear. Errors are *Error.
	Forward(ctx context.Context, rpc string, request, response proto.Message) (Forwarded, error)
}

// ForwardChecker can say beforehand that a request cannot be sent.
type ForwardChecker interface {
	Forwarder
	// CheckForward refuses a request that has a value which the vendor's form cannot hold, as Forward would. Errors are *Error.
	CheckForward(rpc string, request proto.Message) error
}

// Forwarded is what is to be kept of a vendor's answer beside the response.
type Forwarded struct {
	HTTPStatus int
	RequestID  string // the vendor's ID of the request
}
