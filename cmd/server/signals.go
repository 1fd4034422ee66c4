package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal is a context that ends with the first SIGTERM or SIGINT, so that the service drains; the second calls leave. stop
// gives the signals back.
func untilSignal(logger *slog.Logger, leave func()) (ctx context.Context, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case s := <-signals:
				if n > 1 {
					logger.Warn("second signal: leaving without draining", slog.String("signal", s.String()))
					leave()
					return
				}
				logger.Info("stopping; a second signal ends at once", slog.String("signal", s.String()))
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
