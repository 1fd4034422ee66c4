package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestBusyPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, set := range map[string]func(*Config){
		"http": func(c *Config) { c.HTTPAddr = busy.Addr().String() }, "grpc": func(c *Config) { c.GRPCAddr = busy.Addr().String() },
		"admin": func(c *Config) { c.AdminAddr = busy.Addr().String() },
	} {
		cfg := Config{
			HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0",
			Authenticate: func(ctx context.Context, _, _ string) (context.Context, error) { return ctx, nil },
			CheckKey:     func(string) error { return nil },
		}
		set(&cfg)
		_, err := New(cfg, Services{Leads: &leads{}, Accounts: accounts{}, Operations: operations{}, Events: events{}})
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for _, want := range []string{busy.Addr().String(), "--" + name + "-addr", name + "_addr", "another process"} {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %q does not say %q in one sentence", name, err, want)
			}
		}
	}
}

func TestNewRefusesIncompleteConfig(t *testing.T) {
	auth := func(ctx context.Context, _, _ string) (context.Context, error) { return ctx, nil }
	check := func(string) error { return nil }
	all := Services{Leads: &leads{}, Accounts: accounts{}, Operations: operations{}, Events: events{}}
	for name, c := range map[string]struct {
		cfg      Config
		services Services
	}{
		"no Authenticate": {Config{CheckKey: check}, all},
		"no CheckKey":     {Config{Authenticate: auth}, all},
		"no service":      {Config{Authenticate: auth, CheckKey: check}, Services{Leads: &leads{}}},
		"Extra in /v1/":   {Config{Authenticate: auth, CheckKey: check, Extra: map[string]http.Handler{"/v1/x": http.NotFoundHandler()}}, all},
	} {
		if _, err := New(c.cfg, c.services); !errors.Is(err, errIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCloseWithoutRun(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	srv, err := New(Config{
		HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0",
		Authenticate: func(ctx context.Context, _, _ string) (context.Context, error) { return ctx, nil },
		CheckKey:     func(string) error { return nil },
	}, Services{Leads: &leads{}, Accounts: accounts{}, Operations: operations{}, Events: events{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	again, err := net.Listen("tcp", srv.HTTPAddr())
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	_ = again.Close()
}
