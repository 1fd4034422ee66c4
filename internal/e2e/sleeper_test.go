package e2e_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

var heapBytes = regexp.MustCompile(`(?m)^go_memstats_heap_alloc_bytes (\S+)$`)

// heap is how much the service holds, once what it holds no more is collected.
func heap(t *testing.T, env *harness.Env) int {
	t.Helper()
	var body []byte
	for _, path := range []string{"/debug/pprof/heap?gc=1", "/debug/pprof/heap?gc=1", "/metrics"} {
		answer, err := env.Server.HTTPDo(t.Context(), http.MethodGet, "http://"+env.Server.Admin+path, nil, "")
		if err != nil || answer.Status != http.StatusOK {
			t.Fatalf("%s: %v %d", path, err, answer.Status)
		}
		body = answer.Body
	}
	value, err := strconv.ParseFloat(string(heapBytes.FindSubmatch(body)[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(value)
}

// TestP7AWatcherThatSleepsHoldsNothing: watchers by both transports stop reading while 8 MiB of events come for each of them. The service
// holds none of it for them, and when one wakes it has missed nothing.
func TestP7AWatcherThatSleepsHoldsNothing(t *testing.T) {
	t.Parallel()
	const sleepers, messages, growth = 8, 2000, 24 << 20
	s := newStream(t, suite.Start(t, harness.Options{LogLevel: "warn"}))
	s.padding = strings.Repeat(" and so on", 400)
	ctx, conn := over(t, s.env)
	var watch leadmuxv1.EventService_WatchEventsClient
	for range sleepers {
		var err error
		watch, err = leadmuxv1.NewEventServiceClient(conn).WatchEvents(ctx, &leadmuxv1.WatchEventsRequest{FromNow: true, Types: []string{"lead.message"}})
		if err == nil {
			_, err = watch.Recv() // it is in step with the log; from here on it sleeps
		}
		if err != nil {
			t.Fatal(err)
		}
		s.sleeps(t)
	}
	before := heap(t, s.env)
	var sending errgroup.Group
	sending.SetLimit(8)
	for number := range messages {
		sending.Go(func() error { s.say(t, number); return nil })
	}
	if _ = sending.Wait(); t.Failed() {
		return // what was refused comes to nobody
	}
	if after := heap(t, s.env); after > before+growth {
		t.Errorf("%d sleeping watchers and %d messages of %d bytes: from %d bytes held to %d", 2*sleepers, messages, len(s.padding), before, after)
	}
	seen := map[string]bool{}
	for len(seen) < messages {
		message, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if e := message.GetEvent(); e != nil && seen[e.GetEventId()] {
			t.Errorf("%s came twice", e.GetEventId())
		} else if e != nil {
			seen[e.GetEventId()] = true
		}
	}
}

// sleeps opens a watch as server-sent events, and reads no more of it than that it has begun.
func (s *stream) sleeps(t *testing.T) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.env.Server.HTTP+"/v1/events:watch?fromNow=true", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+s.env.Key(harness.KeyFull))
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		t.Cleanup(func() { _ = answer.Body.Close() })
		_, err = answer.Body.Read(make([]byte, 1))
	}
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", answer, err)
	}
}
