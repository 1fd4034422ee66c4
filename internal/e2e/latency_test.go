package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// stream is the load of promise 7: what a vendor sends at a steady rate, whatever the answers take, beside watchers on connections of their
// own.
type stream struct {
	env      *harness.Env
	leads    []*leadmuxv1.Lead
	padding  string // makes messages long
	watching sync.WaitGroup
	refused  func() // ends the watches: what a vendor was refused comes to none of them
	mu       sync.Mutex
	seen     []time.Duration // from the receipt of an event, before it is committed, to a watcher
	answered []time.Duration // from the sending of a webhook to its answer
}

func newStream(tb testing.TB, env *harness.Env) *stream {
	tb.Helper()
	s := &stream{env: env, refused: func() {}}
	for i := range 20 {
		in := &leadmuxv1.CreateLeadRequest{Lead: harness.Person(i), Accounts: []string{harness.Verse}, Wait: harness.Wait(settled)}
		s.leads = append(s.leads, env.Server.Client(harness.GRPC).Create(tb, in))
	}
	return s
}

// to starts so many watchers, each of which waits for so many messages.
func (s *stream) to(tb testing.TB, watchers, messages int) {
	tb.Helper()
	s.seen, s.answered = nil, nil
	ctx, cancel := context.WithCancel(tb.Context())
	s.refused = cancel
	var ready sync.WaitGroup
	for range watchers {
		ready.Add(1)
		s.watching.Go(func() { s.watch(ctx, tb, messages, ready.Done) })
	}
	ready.Wait()
}

// watch sees so many messages, and notes how late each came.
func (s *stream) watch(ctx context.Context, tb testing.TB, events int, ready func()) {
	tb.Helper()
	authorised, conn := over(tb, s.env)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	watch, err := leadmuxv1.NewEventServiceClient(conn).WatchEvents(authorised, &leadmuxv1.WatchEventsRequest{FromNow: true, Types: []string{"lead.message"}})
	if err == nil {
		_, err = watch.Recv() // it is in step with the log
	}
	ready()
	var late []time.Duration
	for err == nil && len(late) < events {
		var message *leadmuxv1.WatchEventsResponse
		if message, err = watch.Recv(); err == nil && message.GetEvent() != nil {
			late = append(late, time.Since(message.GetEvent().GetReceiveTime().AsTime()))
		}
	}
	if err != nil {
		tb.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, late...)
}

// say sends the number'th message.
func (s *stream) say(tb testing.TB, number int) {
	tb.Helper()
	lead := s.leads[number%len(s.leads)]
	body := fmt.Sprintf(`{"event":"lead_activity","title":"Inbound SMS","message":"Inbound SMS: number %d%s","id":%q,"externalLeadId":%q,"eventDate":%q}`,
		number, s.padding, harness.At(lead, harness.Verse).GetVendorLeadId(), lead.GetLeadId(), time.Now().UTC().Format(time.DateTime))
	url := "http://" + s.env.Server.HTTP + "/webhooks/" + harness.Verse + "/" + harness.HookToken
	begun := time.Now()
	answer, err := s.env.Server.HTTPDo(context.Background(), http.MethodPost, url, []byte(body), "", "Authorization", "Bearer "+harness.HookBearer)
	took := time.Since(begun)
	if err != nil || answer.Status != http.StatusOK {
		tb.Errorf("message %d: %v %d %s", number, err, answer.Status, answer.Body)
		s.refused()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = append(s.answered, took)
}

// quantile is what a share of the durations lies below.
func quantile(of []time.Duration, share float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// pour sends so many messages at a rate, and waits until all watchers have them.
func (s *stream) pour(tb testing.TB, perSecond, messages int) {
	tb.Helper()
	var sending sync.WaitGroup
	begun := time.Now()
	for number := range messages { // at the rate, also after the sender was held up
		<-time.After(time.Until(begun.Add(time.Duration(number) * time.Second / time.Duration(perSecond))))
		sending.Go(func() { s.say(tb, number) })
	}
	sending.Wait()
	s.watching.Wait()
}

// What promises 7 and 11 allow one of a hundred to take.
const (
	watchWithin  = 250 * time.Millisecond
	answerWithin = 100 * time.Millisecond
)

// BenchmarkP7P11CommitToWatcher sends 500 events a second past 50 watchers, and fails where that takes longer than is promised.
// `make latency` runs it for a minute; it wants the machine for itself.
func BenchmarkP7P11CommitToWatcher(b *testing.B) {
	s := newStream(b, suite.Start(b, harness.Options{LogLevel: "warn"}))
	s.to(b, 50, b.N)
	b.ResetTimer()
	s.pour(b, 500, b.N)
	b.StopTimer()
	watched, answered := quantile(s.seen, .99), quantile(s.answered, .99)
	for name, took := range map[string]time.Duration{
		"watch-p50-ms": quantile(s.seen, .5), "watch-p99-ms": watched, "webhook-p50-ms": quantile(s.answered, .5), "webhook-p99-ms": answered,
	} {
		b.ReportMetric(float64(took.Microseconds())/1000, name)
	}
	if watched > watchWithin || answered > answerWithin {
		b.Errorf("one of 100 events takes %s to its watchers, one of 100 webhooks is answered after %s", watched, answered)
	}
}

// best is the least that a share of 99 % lies below in one of several rounds: what else the machine does can only make a round worse, so that
// one which is good enough is proof.
func (s *stream) best(t *testing.T, watchers, perSecond int, enough time.Duration, of func() []time.Duration) {
	t.Helper()
	const rounds = 10
	best := time.Hour
	for round := 0; round < rounds && best >= enough; round++ {
		s.to(t, watchers, perSecond)
		s.pour(t, perSecond, perSecond)
		best = min(best, quantile(of(), .99))
	}
	if best >= enough {
		t.Errorf("in the best second, 1 of 100 took %s", best)
	}
}

// TestP7EventsReachTheirWatchersInTime and TestP11VendorsAreAnsweredInTime are the benchmark with a tenth of its load, because other tests
// run beside them.
func TestP7EventsReachTheirWatchersInTime(t *testing.T) {
	s := newStream(t, suite.Start(t, harness.Options{LogLevel: "warn"}))
	s.best(t, 5, 50, watchWithin, func() []time.Duration { return s.seen })
}

func TestP11VendorsAreAnsweredInTime(t *testing.T) {
	s := newStream(t, suite.Start(t, harness.Options{LogLevel: "warn"}))
	s.best(t, 5, 50, answerWithin, func() []time.Duration { return s.answered })
}
