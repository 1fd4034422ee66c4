package boltmap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/idmap"
)

// epochs is a moment behind every operation of these tests.
var epochs = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// busy keeps the committer in a change until release is called, and then waits for it.
func busy(t *testing.T, s *Store) (release func()) {
	t.Helper()
	running, hold, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		done <- s.Update(context.Background(), func(idmap.Tx) error {
			once.Do(func() { close(running) })
			<-hold
			return nil
		})
	}()
	<-running
	return func() {
		t.Helper()
		close(hold)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// waiting waits until n changes wait for the committer.
func waiting(t *testing.T, s *Store, n int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(s.committer.jobs) != n {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d changes wait, want %d", len(s.committer.jobs), n)
		}
	}
}

// commits is how many transactions the index has seen.
func commits(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.view(func(btx *bbolt.Tx) error { n = btx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// updateAll hands in n changes while the committer is busy and returns what came of each.
func updateAll(t *testing.T, s *Store, n int, fn func(i int, tx idmap.Tx) error) []error {
	t.Helper()
	release := busy(t, s)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			errs[i] = s.Update(context.Background(), func(tx idmap.Tx) error { return fn(i, tx) })
		})
	}
	waiting(t, s, n)
	release()
	all.Wait()
	return errs
}

func bindCall(i int, tx idmap.Tx) error {
	return tx.Bind("acme", idmap.VendorRef{Account: "west", Kind: idmap.KindCall, VendorID: fmt.Sprint(i)}, "call_1")
}

func TestWaitingChangesShareOneCommit(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	before := commits(t, s)
	if err := errors.Join(updateAll(t, s, 50, bindCall)...); err != nil {
		t.Fatal(err)
	}
	if n := commits(t, s) - before; n != 2 {
		t.Errorf("%d commits, want one of the busy change and one of all others", n)
	}
}

func TestFailedChangesCostTheOthersOneMoreRun(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	mine := errors.New("mine")
	before := commits(t, s)
	var runs atomic.Int64
	errs := updateAll(t, s, 100, func(i int, tx idmap.Tx) error {
		runs.Add(1)
		if err := bindCall(i, tx); err != nil || i%2 == 0 {
			return errors.Join(err, mine)
		}
		return nil
	})
	for i, err := range errs {
		if errors.Is(err, mine) != (i%2 == 0) {
			t.Errorf("change %d: got %v", i, err)
		}
	}
	if n := commits(t, s) - before; n != 2 {
		t.Errorf("%d commits", n)
	}
	// Once all, once more the good ones together and the bad ones each alone.
	if n := runs.Load(); n != 200 {
		t.Errorf("%d runs of 100 changes", n)
	}
	report, err := s.Verify(context.Background())
	if err != nil || report.Bindings != 50 || len(report.Problems) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestChangeThatFailedByAnUndoneOne has one change fail because of what a neighbour did that is then undone.
func TestChangeThatFailedByAnUndoneOne(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	mine := errors.New("mine")
	ref := idmap.VendorRef{Account: "west", Kind: idmap.KindCall, VendorID: "1"}
	errs := updateAll(t, s, 20, func(i int, tx idmap.Tx) error {
		if err := tx.Bind("acme", ref, fmt.Sprintf("call_%d", i)); err != nil {
			return err
		}
		if i != 7 {
			return mine
		}
		return nil
	})
	if errs[7] != nil {
		t.Errorf("the only change that could stay got %v", errs[7])
	}
	for i, err := range errs {
		if i != 7 && !errors.Is(err, mine) && !errors.Is(err, idmap.ErrBound) {
			t.Errorf("change %d: got %v", i, err)
		}
	}
}

func TestCloseCarriesOutWhatWasHandedIn(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	release := busy(t, s)
	errs := make(chan error, 30)
	for i := range cap(errs) {
		go func() { errs <- s.Update(context.Background(), func(tx idmap.Tx) error { return bindCall(i, tx) }) }()
	}
	waiting(t, s, cap(errs))
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	<-s.committer.quit
	release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := s.Update(context.Background(), func(idmap.Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("Update: got %v", err)
	}
	if err := s.View(context.Background(), func(idmap.Reader) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("View: got %v", err)
	}
	if _, err := s.Verify(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Verify: got %v", err)
	}
	report, err := openStore(t, cfg).Verify(context.Background())
	if err != nil || report.Bindings != cap(errs) {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestP1AChangeIsAcknowledgedOnlyOnceItIsDurable lets the file grow no more, so that a commit fails sooner or later: what was
// acknowledged until then is there after a restart, and nothing else is.
func TestP1AChangeIsAcknowledgedOnlyOnceItIsDurable(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for acknowledged < 10_000 && s.Update(t.Context(), func(tx idmap.Tx) error { return bindCall(acknowledged, tx) }) == nil {
		if acknowledged++; acknowledged == 10 {
			s.index.MaxSize = 1
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := openStore(t, cfg).Verify(t.Context())
	if err != nil || report.Bindings != acknowledged || acknowledged < 10 || acknowledged == 10_000 {
		t.Errorf("%d changes were acknowledged, %d are there (%v %v)", acknowledged, report.Bindings, report.Problems, err)
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestSlowCommitIsLogged(t *testing.T) {
	var log lockedBuffer
	var clock atomic.Int64
	var tick atomic.Int64
	s := openStore(t, Config{
		Dir: t.TempDir(), Secret: newSecret(t, 1), Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Now: func() time.Time { return time.Unix(0, clock.Add(tick.Load())) },
	})
	tick.Store(int64(slowCommit) - 1)
	addLeads(t, s, 1)
	if text := log.String(); text != "" {
		t.Errorf("logged too early: %s", text)
	}
	tick.Store(int64(slowCommit))
	addLeads(t, s, 1)
	if text := log.String(); !strings.Contains(text, "slow commit") || !strings.Contains(text, "took=1s") {
		t.Errorf("log: %q", text)
	}
}

func TestPanicIsLoggedWithoutItsValue(t *testing.T) {
	var log lockedBuffer
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	func() {
		defer func() { _ = recover() }()
		_ = s.Update(context.Background(), func(idmap.Tx) error {
			panic("Canaria") //nolint:forbidigo // what the test is about
		})
	}()
	if text := log.String(); !strings.Contains(text, "TestPanicIsLogged") || strings.Contains(text, "Canaria") {
		t.Errorf("log: %q", text)
	}
}
