package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen opens all three listeners or none.
func listen(cfg Config) (listeners, error) {
	var l listeners
	for _, one := range []struct {
		into             *net.Listener
		address, use, at string
	}{
		{&l.http, cfg.HTTPAddr, "HTTP", "http"},
		{&l.grpc, cfg.GRPCAddr, "gRPC", "grpc"},
		{&l.admin, cfg.AdminAddr, "the admin port", "admin"},
	} {
		opened, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", one.address)
		if err != nil {
			return listeners{}, errors.Join(listenError(one.address, one.use, one.at, err), l.close())
		}
		*one.into = opened
	}
	return l, nil
}

// listenError is one sentence that says what to change.
func listenError(address, use, name string, err error) error {
	why := err.Error()
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another process uses that address"
	case errors.Is(err, syscall.EACCES):
		why = "this user may not use that port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "this machine has no such address"
	case errors.As(err, &op):
		why = op.Err.Error()
	}
	return fmt.Errorf("cannot listen on %s for %s: %s; choose another one with --%s-addr or %s_addr", address, use, why, name, name)
}
