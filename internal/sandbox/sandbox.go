package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// grace is how long Close lets requests in flight come to their end; they take
// milliseconds, whereas a client's unused connection would take seconds.
const grace = time.Second

// Config says where and how the emulators run.
type Config struct {
	// Dir is the folder of the four ledger files; it is created if need be. One
	// process at a time can use it. Required.
	Dir string
	// Logger gets faults of the emulators; nil discards.
	Logger *slog.Logger
}

// Sandbox is four running emulators.
type Sandbox struct {
	verse      *verse.Emulator
	ujet       *ujet.Emulator
	conversica *conversica.Emulator
	convertalk *convertalk.Emulator

	hosts     []*host
	closeOnce sync.Once
	closeErr  error
}

// Start opens the ledgers and starts the emulators. ctx bounds the start only;
// the sandbox runs until Close. If one emulator cannot start, none is left
// running.
func Start(ctx context.Context, cfg Config) (*Sandbox, error) {
	if cfg.Dir == "" {
		return nil, errors.New("the sandbox needs a folder for its ledgers")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Sandbox{}
	for _, start := range []func(context.Context, Config) error{
		s.startVerse, s.startUJET, s.startConversica, s.startConvertalk,
	} {
		if err := start(ctx, cfg); err != nil {
			return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}
	return s, nil
}

// Close ends delayed answers, stops the listeners and releases the ledgers. It
// takes about a second at most, less if ctx ends before. Further calls return
// what the first did.
func (s *Sandbox) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		errs := make([]error, len(s.hosts))
		var all sync.WaitGroup
		for i, h := range s.hosts {
			all.Go(func() { errs[i] = h.close(ctx) })
		}
		all.Wait()
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// Vendors lists the emulators with what a client needs to use each.
func (s *Sandbox) Vendors() []Vendor {
	vendors := make([]Vendor, len(s.hosts))
	for i, h := range s.hosts {
		vendors[i] = h.vendor
	}
	return vendors
}

// Vendor returns the emulator of that name.
func (s *Sandbox) Vendor(name string) (Vendor, error) {
	i := slices.IndexFunc(s.hosts, func(h *host) bool { return h.vendor.Name == name })
	if i < 0 {
		return Vendor{}, fmt.Errorf("the sandbox has no vendor %q", name)
	}
	return s.hosts[i].vendor, nil
}

// Verse is the running Verse emulator.
func (s *Sandbox) Verse() *verse.Emulator { return s.verse }

// UJET is the running UJET emulator.
func (s *Sandbox) UJET() *ujet.Emulator { return s.ujet }

// Conversica is the running Conversica emulator.
func (s *Sandbox) Conversica() *conversica.Emulator { return s.conversica }

// Convertalk is the running Convertalk emulator.
func (s *Sandbox) Convertalk() *convertalk.Emulator { return s.convertalk }
