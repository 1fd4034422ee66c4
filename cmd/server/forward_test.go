package main

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	"github.com/leadmux/leadmux/internal/service"
)

// TestEveryRPCHasEitherARouteOrAHandler asks the implementation of every service that is partly forwarded. One that an RPC reaches
// refuses a call without a caller; one that it does not is "unimplemented".
func TestEveryRPCHasEitherARouteOrAHandler(t *testing.T) {
	walked := 0
	for _, one := range partlyForwarded(service.Config{}) {
		for _, method := range one.Desc.Methods {
			walked++
			_, err := method.Handler(one.Impl, t.Context(), func(any) error { return nil }, nil)
			handled := status.Code(err) != codes.Unimplemented
			if routed := isForwarded(method.MethodName); routed == handled {
				t.Errorf("%s.%s: a route %v, a handler %v", one.Desc.ServiceName, method.MethodName, routed, handled)
			}
		}
	}
	if walked < 35 {
		t.Errorf("only %d RPCs were walked", walked)
	}
}

// TestEveryForwardIsAnRPC: a route that is forwarded stands for an RPC of a service that is served.
func TestEveryForwardIsAnRPC(t *testing.T) {
	served := map[string]bool{}
	for _, one := range partlyForwarded(service.Config{}) {
		for _, method := range one.Desc.Methods {
			served[method.MethodName] = true
		}
		for _, stream := range one.Desc.Streams {
			served[stream.StreamName] = true
		}
	}
	for _, forwards := range []vendorhttp.Forwards{ujet.Forwards(), verse.Forwards()} {
		for rpc := range forwards {
			if adapters.MethodOf(rpc) == nil || !served[rpc] {
				t.Errorf("the route %s stands for no RPC", rpc)
			}
		}
	}
}
