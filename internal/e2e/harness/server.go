package harness

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
)

// Bounds of starting and stopping.
const (
	startWithin = 20 * time.Second
	// StopWithin bounds an orderly stop: 5 s for load balancers, then calls under way.
	StopWithin = 20 * time.Second
)

// Server is the service's process, over all its starts on one data directory.
type Server struct {
	// HTTP, GRPC and Admin are its addresses, the same at every start.
	HTTP, GRPC, Admin string
	// DataDir is its data directory.
	DataDir string

	suite *Suite
	args  []string
	env   []string
	keys  map[string]string // API keys by name; nil when none is asked for
	cmd   *exec.Cmd
	gone  chan struct{} // closed when the process has ended
	tls   *tls.Config   // nil for plain text
	conn  *grpc.ClientConn
	web   *http.Client

	stdout, stderr buffer

	mu       sync.Mutex
	refusals [][]byte // the body of every error answered
}

// buffer collects what a process writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all of it.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Start starts the process and waits until it is ready.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if !s.StartArmed(tb, "") {
		tb.Fatalf("the service ended at its start: %v\n%s", s.cmd.ProcessState, s.Output())
	}
}

// StartArmed is Start with failpoints, for a suite that was built with them, and tells whether the process lived to be ready.
func (s *Server) StartArmed(tb testing.TB, failpoints string) (ready bool) {
	tb.Helper()
	s.launch(tb, failpoints)
	Eventually(tb, startWithin, "the service is ready", func() (string, bool) {
		select {
		case <-s.gone:
			return "it has ended", true
		default:
		}
		status, body := s.health(tb)
		ready = status == http.StatusOK
		return body, ready
	})
	return ready
}

// launch starts the process and opens new connections to it.
func (s *Server) launch(tb testing.TB, failpoints string) {
	tb.Helper()
	s.cmd = s.Command(context.Background(), s.args...) // it outlives the test's context, to be stopped in a clean-up
	if failpoints != "" {
		s.cmd.Env = append(s.cmd.Env, "LEADMUX_FAILPOINTS="+failpoints)
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	must(tb, s.cmd.Start())
	s.gone = make(chan struct{})
	go func(cmd *exec.Cmd, gone chan struct{}) {
		defer close(gone)
		_ = cmd.Wait() // how it ended is in ProcessState
	}(s.cmd, s.gone)
	s.connect(tb)
}

// Command is the service's binary with other arguments, not yet started.
func (s *Server) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.suite.binary, args...) //nolint:gosec // the binary that this run has built
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

// Args are the arguments the process is started with.
func (s *Server) Args() []string { return s.args }

func (s *Server) health(tb testing.TB) (int, string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	answer, err := s.HTTPDo(ctx, http.MethodGet, s.URL("/healthz"), nil, "")
	if err != nil {
		return 0, err.Error()
	}
	return answer.Status, string(answer.Body)
}

// Kill9 kills the process without a chance to do anything more.
func (s *Server) Kill9(tb testing.TB) {
	tb.Helper()
	must(tb, s.cmd.Process.Kill())
	s.wait(tb, 5*time.Second)
}

// EndArmed is Kill9 for a process that may be dying of a failpoint, and tells whether it had died before.
func (s *Server) EndArmed(tb testing.TB) (died bool) {
	tb.Helper()
	select {
	case <-s.gone:
		return true
	default:
	}
	if err := s.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		must(tb, err)
	}
	s.wait(tb, 5*time.Second)
	return false
}

// Terminate sends SIGTERM, waits for the orderly end and demands exit code 0.
func (s *Server) Terminate(tb testing.TB) {
	tb.Helper()
	s.Signal(tb, syscall.SIGTERM)
	s.Stopped(tb)
}

// Signal sends a signal.
func (s *Server) Signal(tb testing.TB, signal os.Signal) {
	tb.Helper()
	must(tb, s.cmd.Process.Signal(signal))
}

// Gone is closed once the process has ended.
func (s *Server) Gone() <-chan struct{} { return s.gone }

// Restart kills the process and starts it again on the same data directory.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.Kill9(tb)
	s.Start(tb)
}

func (s *Server) wait(tb testing.TB, within time.Duration) {
	tb.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	select {
	case <-s.gone: // connections stay until the next start: a caller may still be learning that its call failed
	case <-deadline.C:
		tb.Fatalf("the service has not ended within %s\n%s", within, s.Output())
	}
}

// end is the clean-up: the process dies, and what it wrote is shown if the test failed.
func (s *Server) end(tb testing.TB) {
	tb.Helper()
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Errorf("kill the service: %v", err)
	}
	<-s.gone
	s.disconnect()
	if strings.Contains(s.stderr.String(), "WARNING: DATA RACE") {
		tb.Error("the race detector found a race in the service")
	}
	if tb.Failed() {
		tb.Logf("the service wrote:\n%s", tail(s.Output()))
	}
}

// tail is the end of a long text.
func tail(text string) string {
	const most = 20000
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// Output is everything the process has written, over all its starts.
func (s *Server) Output() string { return s.stdout.String() + s.stderr.String() }

// Refusals are the bodies of all errors it has answered.
func (s *Server) Refusals() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.refusals...)
}

// Stopped waits for the end of a stop that was asked for with Signal, and demands exit code 0.
func (s *Server) Stopped(tb testing.TB) {
	tb.Helper()
	s.wait(tb, StopWithin)
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		tb.Errorf("exit code is %d\n%s", code, s.Output())
	}
}
