package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// Run serves until ctx ends, then drains: health turns to NOT_SERVING at once, calls are still taken for DrainDelay, then
// listeners close, streams end with UNAVAILABLE and running calls get DrainTimeout. It returns once no handler runs any more
// (one that ignores the end of its call is given up after 2 s, and the error says so), so the caller may close the store. The
// error is nil after a full drain, says so when calls had to be cut off, or is why a listener failed.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, 3)
	var serving sync.WaitGroup
	for name, serve := range map[string]func() error{
		"HTTP":  s.serveHTTPListener,
		"gRPC":  func() error { return s.grpc.Serve(s.listeners.grpc) },
		"admin": func() error { return s.admin.Serve(s.listeners.admin) },
	} {
		serving.Go(func() {
			err := serve()
			if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, grpc.ErrServerStopped) && !errors.Is(err, net.ErrClosed) {
				failed <- fmt.Errorf("the %s listener failed: %w", name, err)
			}
		})
	}
	s.health.serving(s.chain.services())
	var err error
	select {
	case <-ctx.Done():
		err = s.drain(context.WithoutCancel(ctx))
	case err = <-failed:
		s.health.draining()
	}
	return errors.Join(err, s.finish(&serving))
}

// finish closes what is left and waits for the handlers, but not for ever: a handler that ignores the end of its call must
// not keep the process alive.
func (s *Server) finish(serving *sync.WaitGroup) error {
	closed := make(chan error, 1)
	go func() {
		err := s.Close()
		serving.Wait()
		closed <- err
	}()
	select {
	case err := <-closed:
		return err
	case <-time.After(s.set.cutOff):
		return errors.New("a handler goes on although its call was cut off")
	}
}

func (s *Server) serveHTTPListener() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listeners.http, "", "")
	}
	return s.http.Serve(s.listeners.http)
}

func (s *Server) drain(ctx context.Context) error {
	s.health.draining()
	s.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "draining", slog.Duration("delay", s.cfg.DrainDelay), slog.Duration("timeout", s.cfg.DrainTimeout))
	<-time.After(s.cfg.DrainDelay)
	s.endStreams()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer cancel()
	var stopping sync.WaitGroup
	var grpcErr, httpErr error
	stopping.Go(func() { grpcErr = s.stopGRPC(ctx) })
	stopping.Go(func() { httpErr = s.http.Shutdown(ctx) })
	stopping.Wait()
	if err := errors.Join(grpcErr, httpErr, s.chain.running.wait(ctx)); err != nil {
		return fmt.Errorf("calls that were still running after %s were cut off", s.cfg.DrainTimeout)
	}
	return nil
}

// stopGRPC races GracefulStop, which waits for ever on a call that does not end, against ctx.
func (s *Server) stopGRPC(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.grpc.GracefulStop()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		go s.grpc.Stop()
		return ctx.Err()
	}
}
