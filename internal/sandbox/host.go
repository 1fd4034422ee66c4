package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// emulator is what all four vendor packages offer.
type emulator interface {
	Handler() http.Handler
	Control() http.Handler
	Close() error
}

// host is one emulator on its own listener.
type host struct {
	vendor   Vendor
	emulator emulator
	control  http.Handler
	server   *http.Server
	hangUp   context.CancelFunc
	log      *slog.Logger
	served   chan struct{} // closed when the server has stopped serving
}

// serve puts the emulator on a loopback listener and adds it to the sandbox. It
// owns the emulator from here on, also when it fails.
func (s *Sandbox) serve(ctx context.Context, log *slog.Logger, e emulator, base string, v Vendor) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the %s emulator: %w", v.Name, err), e.Close())
	}
	v.BaseURL = "http://" + listener.Addr().String() + base
	v.Hook = hookOf(v.Name)
	running, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	h := &host{vendor: v, emulator: e, control: e.Control(), hangUp: hangUp, log: log, served: make(chan struct{})}
	h.server = &http.Server{
		Handler:           e.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return running },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	s.hosts = append(s.hosts, h)
	go func() {
		defer close(h.served)
		if err := h.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("sandbox emulator stopped", "vendor", v.Name, "error", err)
		}
	}()
	return nil
}

// close stops the listener, waits for requests until ctx ends, and releases the
// ledger. Clients that are still connected then are cut off; that is no error.
func (h *host) close(ctx context.Context) error {
	h.hangUp()
	err := h.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		h.log.Info("sandbox emulator cuts off its clients", "vendor", h.vendor.Name)
		err = h.server.Close()
	}
	<-h.served
	return errors.Join(err, h.emulator.Close())
}
