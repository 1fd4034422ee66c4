package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/config"
)

// syncBuffer is a log that several goroutines write to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// followed is a follower of a real file, whose ticks and signals the test gives. Every send on them is received only when the
// follower is done with the one before.
type followed struct {
	t      *testing.T
	path   string
	ticks  chan time.Time
	hangUp chan os.Signal
	out    chan *config.Config
	log    *syncBuffer
}

func follow(t *testing.T, inFile bool) *followed {
	t.Helper()
	f := &followed{t: t, ticks: make(chan time.Time), hangUp: make(chan os.Signal), out: make(chan *config.Config), log: &syncBuffer{}}
	if inFile {
		f.path = filepath.Join(t.TempDir(), "leadmux.yaml")
		f.write("one")
	}
	load := func() (*config.Config, error) {
		raw, err := os.ReadFile(f.path)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(string(raw), "wrong") {
			return nil, errors.New("it is wrong")
		}
		return &config.Config{DataDir: string(raw)}, nil
	}
	follower := &follower{path: f.path, load: load, logger: slog.New(slog.NewTextHandler(f.log, nil)), out: f.out, seen: stat(f.path)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		follower.run(t.Context(), f.ticks, f.hangUp)
	}()
	t.Cleanup(func() { <-done })
	return f
}

// write replaces the file in one step.
func (f *followed) write(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path+".new", []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.path+".new", f.path); err != nil {
		f.t.Fatal(err)
	}
}

// expect ticks until a configuration comes.
func (f *followed) expect(text string) {
	f.t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case cfg := <-f.out:
			if cfg.DataDir != text {
				f.t.Errorf("got %q, want %q", cfg.DataDir, text)
			}
			return
		case f.ticks <- time.Now():
		case <-late:
			f.t.Fatalf("%q never came", text)
		}
	}
}

// quiet sees that what went before brought nothing: the follower takes the next tick instead of offering a configuration.
func (f *followed) quiet() {
	f.t.Helper()
	select {
	case cfg := <-f.out:
		f.t.Errorf("unexpected %q", cfg.DataDir)
	case f.ticks <- time.Now():
	case <-time.After(10 * time.Second):
		f.t.Fatal("the follower is stuck")
	}
}

func TestTheFileIsReadAgainWhenItChanges(t *testing.T) {
	f := follow(t, true)
	f.ticks <- time.Now()
	f.quiet() // nothing changed

	f.write("number two")
	f.expect("number two")
	f.quiet()

	f.hangUp <- os.Interrupt // whichever signal: it asks to read again
	f.expect("number two")

	f.write("wrong for now")
	f.ticks <- time.Now()
	f.quiet()
	if !strings.Contains(f.log.String(), "it is wrong") {
		t.Errorf("the log does not say why: %s", f.log)
	}
	f.write("number three")
	f.expect("number three")
}

func TestAFileThatIsReplacedIsSeen(t *testing.T) {
	f := follow(t, true)
	info := stat(f.path)
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.ticks <- time.Now()
	f.quiet() // it is away: wait
	f.write("two")
	f.expect("two")
	later := info.ModTime().Add(time.Hour)
	f.write("2.0") // as long as before
	if err := os.Chtimes(f.path, later, later); err != nil {
		t.Fatal(err)
	}
	f.expect("2.0")
}

func TestTheSandboxFollowsNothing(t *testing.T) {
	f := follow(t, false)
	f.hangUp <- os.Interrupt
	f.quiet()
	f.quiet()
}
