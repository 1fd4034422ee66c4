package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// inProcess is the gateway's connection to the services. It holds requests to the network's size limits, because JSON that
// fits can become a message that does not.
type inProcess struct {
	grpc.ClientConnInterface
	limit func(fullMethod string) int // bytes of one message
}

// Invoke makes a unary call.
func (c inProcess) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	limit := c.limit(method)
	if message, ok := args.(proto.Message); ok && proto.Size(message) > limit {
		return errTooLarge(limit).GRPCStatus().Err()
	}
	return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}
