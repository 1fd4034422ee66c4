package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/leadmux/leadmux/internal/config"
)

// followInterval is how often the file is looked at. API keys must be revocable within 5 s.
const followInterval = 2 * time.Second

// followFile delivers the configuration anew whenever its file changes or SIGHUP comes, until ctx ends. A file that is wrong is logged
// and changes nothing. path is empty in the sandbox, where SIGHUP does nothing.
func followFile(ctx context.Context, path string, load func() (*config.Config, error), logger *slog.Logger) <-chan *config.Config {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	ticker := time.NewTicker(followInterval)
	f := &follower{path: path, load: load, logger: logger, out: make(chan *config.Config), seen: stat(path)}
	go func() {
		defer signal.Stop(hangUp)
		defer ticker.Stop()
		f.run(ctx, ticker.C, hangUp)
	}()
	return f.out
}

// follower is a file being followed.
type follower struct {
	path   string
	load   func() (*config.Config, error)
	logger *slog.Logger
	out    chan *config.Config
	seen   fs.FileInfo // the file as it was when it was last read; nil when it was not there
}

func (f *follower) run(ctx context.Context, ticks <-chan time.Time, hangUp <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUp:
			if f.path == "" {
				f.logger.Info("SIGHUP: the sandbox has no configuration to read again")
				continue
			}
		case <-ticks:
			if now := stat(f.path); f.path == "" || now == nil || same(now, f.seen) {
				continue // a file that is away is being replaced: what comes will be seen
			}
		}
		f.reread(ctx)
	}
}

func (f *follower) reread(ctx context.Context) {
	f.seen = stat(f.path) // before it is read, so that a change meanwhile is seen next time
	cfg, err := f.load()
	if err != nil {
		f.logger.Error("the changed configuration is wrong; the running one stays", slog.Any("problems", problemLines(err)))
		return
	}
	select {
	case f.out <- cfg:
	case <-ctx.Done():
	}
}

// problemLines is one line for each problem.
func problemLines(err error) []string {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		return []string{err.Error()}
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return lines
}

// stat is nil when the file cannot be looked at.
func stat(path string) fs.FileInfo {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// same says whether a file is as it was: the same one, of the same length and time.
func same(a, b fs.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
