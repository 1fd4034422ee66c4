package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// over is a connection of one's own to a service that is killed and started again.
func over(t testing.TB, env *harness.Env) (context.Context, *grpc.ClientConn) {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+env.Server.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond}, MinConnectTimeout: time.Second,
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+env.Key(harness.KeyFull)), conn
}

// follow follows the log, over every end of the stream, until enough says so of what was seen. Each event takes the reader so long.
func follow(ctx context.Context, client leadmuxv1.EventServiceClient, each time.Duration, enough func(seen int) bool) (seen []string, err error) {
	cursor := ""
	for ctx.Err() == nil {
		stream, err := client.WatchEvents(ctx, &leadmuxv1.WatchEventsRequest{After: cursor, Heartbeat: durationpb.New(time.Second)}, grpc.WaitForReady(true))
		for err == nil {
			var message *leadmuxv1.WatchEventsResponse
			if message, err = stream.Recv(); err != nil {
				break
			}
			if cursor = message.GetCursor(); message.GetEvent() != nil {
				seen = append(seen, message.GetEvent().GetEventId())
				<-time.After(each)
			}
			if enough(len(seen)) {
				return seen, nil
			}
		}
		if code := status.Code(err); code != codes.Unavailable && code != codes.Canceled {
			return seen, err
		}
	}
	return seen, ctx.Err()
}

// wholeLog are the IDs of all events.
func wholeLog(ctx context.Context, t *testing.T, client leadmuxv1.EventServiceClient) (ids []string) {
	t.Helper()
	request := &leadmuxv1.ListEventsRequest{PageSize: 1000}
	for {
		got, err := client.ListEvents(ctx, request, grpc.WaitForReady(true))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got.GetEvents() {
			ids = append(ids, e.GetEventId())
		}
		if request.PageToken = got.GetNextPageToken(); request.GetPageToken() == "" {
			return ids
		}
	}
}

// TestP6WatchersSurviveKills: 24 writers and 20 watchers, every fourth of them slow, at a service that is killed three times. Every watcher has seen every
// event in the log, once, in its order.
func TestP6WatchersSurviveKills(t *testing.T) {
	t.Parallel()
	const writers, watchers, kills = 24, 20, 3
	env := suite.Start(t, harness.Options{})
	ctx, conn := over(t, env)
	leads, events := leadmuxv1.NewLeadServiceClient(conn), leadmuxv1.NewEventServiceClient(conn)
	create := func(name string) {
		for {
			_, err := leads.CreateLead(ctx, &leadmuxv1.CreateLeadRequest{
				Lead: &leadmuxv1.Lead{FirstName: "Ada", Email: name + "@example.com"}, Accounts: []string{harness.Convertalk},
				RequestId: name, Wait: durationpb.New(0),
			}, grpc.WaitForReady(true))
			if code := status.Code(err); code != codes.Unavailable && code != codes.DeadlineExceeded {
				if err != nil {
					t.Errorf("create %s: %v", name, err)
				}
				return
			}
		}
	}
	done := make(chan struct{})
	var writing, watching sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
					create(fmt.Sprintf("w%d-%d", i, n))
				}
			}
		})
	}
	var total atomic.Int64 // how many events there are, once all are written
	var seen [watchers][]string
	for i := range watchers {
		watching.Go(func() {
			var err error
			seen[i], err = follow(ctx, events, time.Duration(i%4/3)*2*time.Millisecond, func(n int) bool { return total.Load() > 0 && int64(n) >= total.Load() })
			if err != nil {
				t.Errorf("watcher %d: %v", i, err)
			}
		})
	}
	for before := 0; before < 1000*kills; before += 1000 {
		harness.Eventually(t, settled, "events come", func() (int, bool) {
			n := len(wholeLog(ctx, t, events))
			return n, n > before/10
		})
		env.Server.Restart(t)
	}
	close(done)
	writing.Wait()
	total.Store(int64(len(wholeLog(ctx, t, events))))
	watching.Wait()
	log := wholeLog(ctx, t, events) // it may have gone on
	for i, got := range seen {
		if int64(len(got)) < total.Load() || len(got) > len(log) || !slices.Equal(got, log[:len(got)]) {
			t.Errorf("watcher %d saw %d events, and not the first ones of the log in their order, of %d", i, len(got), total.Load())
		}
	}
}

// A drain ends a watch and says from where to go on.
func TestDrainEndsAWatch(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	ctx, conn := over(t, env)
	stream, err := leadmuxv1.NewEventServiceClient(conn).WatchEvents(ctx, &leadmuxv1.WatchEventsRequest{FromNow: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil { // the first heartbeat
		t.Fatal(err)
	}
	lead := env.Server.Client(harness.REST).Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Accounts: []string{harness.Verse}})
	var cursor string
	for range 2 { // it is created, and ACTIVE
		message, err := stream.Recv()
		if err != nil || message.GetEvent().GetLeadId() != lead.GetLeadId() {
			t.Fatalf("%v, %v", message, err)
		}
		cursor = message.GetCursor()
	}
	env.Server.Terminate(t)
	_, err = stream.Recv()
	st := status.Convert(err)
	if st.Code() != codes.Unavailable || len(st.Details()) == 0 {
		t.Fatalf("it ended with %v", st)
	}
	if info, ok := st.Details()[0].(*errdetails.ErrorInfo); !ok || info.GetReason() != "SHUTTING_DOWN" || info.GetMetadata()["cursor"] != cursor {
		t.Errorf("it ended with %v, want the cursor %s", info, cursor)
	}
}
