package main

import (
	"log/slog"
	"syscall"
	"testing"
	"time"
)

func TestTheFirstSignalDrainsAndTheSecondLeaves(t *testing.T) {
	left := make(chan struct{})
	ctx, stop := untilSignal(slog.New(slog.DiscardHandler), func() { close(left) })
	defer stop()
	kill := func(s syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(ch <-chan struct{}, what string) {
		t.Helper()
		select {
		case <-ch:
		case <-time.After(10 * time.Second):
			t.Fatal(what)
		}
	}
	kill(syscall.SIGTERM)
	wait(ctx.Done(), "the first signal did not end the context")
	select {
	case <-left:
		t.Fatal("the first signal left at once")
	default:
	}
	kill(syscall.SIGINT)
	wait(left, "the second signal did not leave")
}
