package server

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// TestStreamsEndWithTheirKey: a silent stream ends as soon as its caller loses the key, and only then.
func TestStreamsEndWithTheirKey(t *testing.T) {
	withdrawn, withdraw := context.WithCancel(context.Background())
	defer withdraw()
	var watched atomic.Int32
	f := start(t, func(c *Config, _ *settings) {
		c.Withdrawn = func(_ context.Context, end func()) func() bool {
			watched.Add(1)
			return context.AfterFunc(withdrawn, end)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stream, err := reflectionv1.NewServerReflectionClient(f.conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatalf("a stream of a valid key: %v", err)
	}
	withdraw()
	_, err = stream.Recv()
	if a := fromStatus(status.Convert(err)); a.code != "Unauthenticated" || a.reason != "UNAUTHENTICATED" {
		t.Errorf("a stream of a withdrawn key: %v", err)
	}
	if _, err := f.client().GetLead(withKey(), &leadmuxv1.GetLeadRequest{LeadId: leadID}); err != nil {
		t.Errorf("a unary call: %v", err)
	}
	if n := watched.Load(); n != 1 {
		t.Errorf("%d calls were watched, want the stream alone", n)
	}
}

// TestTwoAuthorizations are refused: which of them counts must not depend on who reads them.
func TestTwoAuthorizations(t *testing.T) {
	f := start(t)
	_, err := f.client().GetLead(withKey("authorization", goodKey), &leadmuxv1.GetLeadRequest{LeadId: leadID})
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v", err)
	}
}
