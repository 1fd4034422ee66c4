package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// stream gives a handler the chain's context and checks each message it receives.
type stream struct {
	grpc.ServerStream
	ctx    context.Context
	method string
	twoWay bool // the client may send more than one message
	chain  *chain
}

// Context is the context that the chain made: it ends with the call, or when the server drains.
func (s *stream) Context() context.Context { return s.ctx }

// RecvMsg receives and checks one message. It returns when the context ends, too: grpc-go's own waits for the client, which
// would let one silent client hold up a drain. The read that is left behind ends with the stream, right after the handler.
func (s *stream) RecvMsg(into any) error {
	if !s.twoWay {
		return s.receive(into)
	}
	done := make(chan error, 1)
	go func() { done <- s.receive(into) }()
	select {
	case err := <-done:
		return err
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *stream) receive(into any) error {
	if err := receive(s.ServerStream.RecvMsg, into, restCallOf(s.ctx) == nil, s.chain.set.messageLimit(s.method)); err != nil {
		return err
	}
	message, ok := into.(proto.Message)
	if !ok {
		return nil
	}
	return s.chain.checker.check(s.ctx, s.method, message)
}
