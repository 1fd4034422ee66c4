package main

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leadmux/leadmux/internal/service"
)

// noStream is a stream of a caller whose messages are empty.
type noStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s noStream) Context() context.Context { return s.ctx }
func (noStream) RecvMsg(any) error          { return nil }
func (noStream) SendMsg(any) error          { return nil }

// TestEveryStreamHasEitherARouteOrAHandler is TestEveryRPCHasEitherARouteOrAHandler for the RPCs that stream files.
func TestEveryStreamHasEitherARouteOrAHandler(t *testing.T) {
	walked := 0
	for _, one := range partlyForwarded(service.Config{}) {
		for _, stream := range one.Desc.Streams {
			walked++
			err := stream.Handler(one.Impl, noStream{ctx: t.Context()})
			handled := status.Code(err) != codes.Unimplemented
			if routed := isForwarded(stream.StreamName); routed == handled {
				t.Errorf("%s.%s: a route %v, a handler %v", one.Desc.ServiceName, stream.StreamName, routed, handled)
			}
		}
	}
	if walked < 7 {
		t.Errorf("only %d streams were walked", walked)
	}
}
