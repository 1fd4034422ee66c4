package server

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func TestDeadlines(t *testing.T) {
	f := start(t)
	left := make(chan time.Duration, 1)
	f.leads.create = func(ctx context.Context, _ *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Error("a unary call has no deadline")
		}
		left <- time.Until(deadline)
		return &leadmuxv1.CreateLeadResponse{}, nil
	}
	for name, c := range map[string]struct{ brought, wait, want time.Duration }{
		"none":             {0, 0, 10 * time.Second},
		"none, short wait": {0, 3 * time.Second, 10 * time.Second},
		"none, long wait":  {0, 20 * time.Second, 25 * time.Second},
		"none, full wait":  {0, 25 * time.Second, 30 * time.Second},
		"short":            {3 * time.Second, 25 * time.Second, 3 * time.Second},
		"too long":         {time.Hour, 0, 30 * time.Second},
	} {
		ctx, cancel := withKey(), context.CancelFunc(func() {})
		if c.brought > 0 {
			ctx, cancel = context.WithTimeout(ctx, c.brought)
		}
		req := &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{}}
		if c.wait > 0 {
			req.Wait = durationpb.New(c.wait)
		}
		if _, err := f.client().CreateLead(ctx, req); err != nil {
			t.Fatal(name, err)
		}
		cancel()
		if got := <-left; got > c.want || got < c.want-time.Second {
			t.Errorf("%s: %v left, want about %v", name, got, c.want)
		}
	}
	if code, data, _ := f.rest(t, "POST", "/v1/leads", `{"lead":{},"wait":"20s"}`); code != 200 {
		t.Fatalf("%d %s", code, data)
	}
	if got := <-left; got > 25*time.Second || got < 24*time.Second {
		t.Errorf("REST with wait 20s: %v left", got)
	}
}

// TestP19EveryWaitMovesTheDeadline walks all RPCs: whichever has the field wait gets its time, over gRPC and over REST, wherever REST
// carries the field.
func TestP19EveryWaitMovesTheDeadline(t *testing.T) {
	left := make(chan time.Duration, 1)
	f := start(t, func(c *Config, _ *settings) {
		c.Limit = func(ctx context.Context) error { // the first step after the deadline that a test can see
			deadline, _ := ctx.Deadline()
			left <- time.Until(deadline)
			return nil
		}
	})
	expect := func(what string, want time.Duration) {
		t.Helper()
		select {
		case got := <-left:
			if got > want || got < want-time.Second {
				t.Errorf("%s: %v left, want about %v", what, got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was refused before its deadline was set", what)
		}
	}
	waiting := map[string]time.Duration{}
	for _, method := range apiMethods() {
		if method.IsStreamingClient() || method.IsStreamingServer() {
			continue // a stream has no deadline of ours
		}
		input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
		if err != nil {
			t.Fatal(err)
		}
		req, want := input.New(), 10*time.Second
		if field := method.Input().Fields().ByName("wait"); field != nil {
			req.Set(field, protoreflect.ValueOfMessage(durationpb.New(20*time.Second).ProtoReflect()))
			want = 25 * time.Second
		}
		full := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
		waiting[full] = want
		_ = f.conn.Invoke(withKey(), full, req.Interface(), &emptypb.Empty{})
		expect("gRPC "+full, want)
	}
	for _, b := range f.routeTable().all {
		if waiting[b.fullMethod] == 0 {
			continue // a stream
		}
		path := b.examplePath()
		switch {
		case waiting[b.fullMethod] == 10*time.Second:
			f.rest(t, b.verb, path, "")
		case b.body == "*":
			f.rest(t, b.verb, path, `{"wait":"20s"}`)
		case b.body == "":
			f.rest(t, b.verb, path+"?wait=20s", "")
		default:
			f.rest(t, b.verb, path+"?wait=20s", "{}")
		}
		expect("REST "+b.verb+" "+path, waiting[b.fullMethod])
	}
}

func TestDeadlinePassed(t *testing.T) {
	f := start(t, func(_ *Config, s *settings) { s.callDefault, s.waitOverhead = 30*time.Millisecond, 0 })
	f.leads.get = func(ctx context.Context, _ *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := f.client().GetLead(withKey(), &leadmuxv1.GetLeadRequest{LeadId: leadID})
	if a := fromStatus(status.Convert(err)); a.code != "DeadlineExceeded" || a.reason != "DEADLINE_EXCEEDED" {
		t.Errorf("gRPC: %+v", a)
	}
	if a := f.restError(t, "GET", "/v1/leads/"+leadID, ""); a.http != 504 || a.reason != "DEADLINE_EXCEEDED" {
		t.Errorf("REST: %+v", a)
	}
}
