// Package server puts the services on the network: a gRPC server and a REST gateway behind one interceptor chain, an admin
// listener, and an orderly end. Only cmd builds a Server.
//
// Invariants. Every call, by gRPC or REST, runs the same chain (chain.go), built once: the gateway calls the services through
// an in-process connection, never directly. A caller without a valid key has no byte of its body read over REST. What a call
// is attributed to (address, TLS, request ID) comes from its connection, never from metadata that a caller can write. Every
// error has one shape, google.rpc.Status with a leadmux ErrorInfo. No request is read beyond its method's limit (settings.go), and
// none beyond the common one before its caller is known.
//
// What grpc-go answers by itself keeps grpc-go's wording, without details: a message over the limit (RESOURCE_EXHAUSTED; it is
// logged and counted as REQUEST_TOO_LARGE), a path without a slash, an encoding that is not installed, headers over the limit.
// net/http does the same for headers that are malformed, too large (431) or too slow. An unknown service or method and a
// message that is no protobuf do get our shape (registrar.go, codec.go).
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Server is the service's three listeners and what answers on them. It listens from New on and answers once Run is called.
type Server struct {
	cfg       Config
	set       settings
	listeners listeners
	chain     *chain
	health    *health
	grpc      *grpc.Server
	http      *http.Server
	admin     *http.Server

	streams    context.Context // ends when streams must end
	endStreams context.CancelFunc
	closeOnce  sync.Once
}

// New builds the server and opens its listeners. Its error is one sentence for the operator: what is missing in cfg, or which
// address cannot be used and how it is set.
func New(cfg Config, s Services) (*Server, error) { return build(cfg, s, defaults()) }

func build(cfg Config, services Services, set settings) (*Server, error) {
	if err := cfg.complete(services); err != nil {
		return nil, err
	}
	metrics, err := newMetrics(cfg.Registry, cfg.Version)
	if err != nil {
		return nil, err
	}
	srv := &Server{cfg: cfg, set: set}
	srv.streams, srv.endStreams = context.WithCancel(context.Background())
	srv.health = newHealth(cfg.Ready, set.readyTimeout)
	if srv.chain, err = newChain(srv.streams, cfg, set, metrics); err != nil {
		return nil, err
	}
	channel := (&inprocgrpc.Channel{}).WithServerUnaryInterceptor(srv.chain.unary).WithServerStreamInterceptor(srv.chain.stream)
	srv.grpc = grpc.NewServer(set.grpcOptions(cfg.TLS, srv.chain)...)
	srv.register(registrar{srv.chain, srv.grpc, true}, services)
	srv.register(registrar{srv.chain, channel, false}, services)
	healthv1.RegisterHealthServer(registrar{srv.chain, srv.grpc, true}, srv.health)
	reflection.Register(registrar{srv.chain, srv.grpc, true})
	if err := srv.serveHTTP(channel, metrics); err != nil {
		return nil, err
	}
	srv.listeners, err = listen(cfg)
	return srv, err
}

// register puts the services on a registrar; the network and the gateway get the very same ones.
func (s *Server) register(r grpc.ServiceRegistrar, services Services) {
	leadmuxv1.RegisterLeadServiceServer(r, services.Leads)
	leadmuxv1.RegisterAccountServiceServer(r, services.Accounts)
	leadmuxv1.RegisterEventServiceServer(r, services.Events)
	leadmuxv1.RegisterOperationServiceServer(r, services.Operations)
	for _, one := range services.More {
		r.RegisterService(one.Desc, one.Impl)
	}
}

// serveHTTP builds the public and the admin HTTP server. TLS is for the public one only.
func (s *Server) serveHTTP(channel grpc.ClientConnInterface, metrics *metrics) error {
	conn := inProcess{channel, s.set.messageLimit}
	gateway, err := newGateway(s.cfg, conn)
	if err != nil {
		return err
	}
	docs, err := newDocs()
	if err != nil {
		return err
	}
	front := &front{
		logger: s.cfg.Logger, metrics: metrics, set: s.set, routes: gateway.routes,
		handlers: publicHandlers(s.cfg.Extra, gateway, docs, s.health),
	}
	s.http = s.set.httpServer(front, s.cfg.Logger)
	if s.cfg.TLS != nil {
		s.http.TLSConfig = s.cfg.TLS.Clone()
	}
	s.admin = s.set.httpServer(adminHandler(s.cfg, s.health), s.cfg.Logger)
	return nil
}

// HTTPAddr is the address REST is served on; with port 0 in Config, the one that was chosen.
func (s *Server) HTTPAddr() string { return s.listeners.http.Addr().String() }

// GRPCAddr is the address gRPC is served on.
func (s *Server) GRPCAddr() string { return s.listeners.grpc.Addr().String() }

// AdminAddr is the address of metrics, profiles and readiness.
func (s *Server) AdminAddr() string { return s.listeners.admin.Addr().String() }

// Close stops at once, without a drain. It is for a start that fails after New; Run closes by itself.
func (s *Server) Close() error {
	var err error
	s.closeOnce.Do(func() {
		s.endStreams()
		s.grpc.Stop()
		err = errors.Join(s.http.Close(), s.admin.Close(), s.listeners.close())
	})
	return err
}

// Services are the implementations to serve. All but More are needed.
type Services struct {
	Leads      leadmuxv1.LeadServiceServer
	Accounts   leadmuxv1.AccountServiceServer
	Operations leadmuxv1.OperationServiceServer
	Events     leadmuxv1.EventServiceServer
	More       []Service
}

// Service is a service that is registered by its description.
type Service struct {
	Desc *grpc.ServiceDesc
	Impl any
}

type listeners struct{ http, grpc, admin net.Listener }

func (l listeners) close() error {
	var errs []error
	for _, one := range []net.Listener{l.http, l.grpc, l.admin} {
		if one == nil {
			continue
		}
		if err := one.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// quiet is used where a Config has no logger.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

var errIncomplete = errors.New("server: incomplete configuration")

func missing(what string) error { return fmt.Errorf("%w: %s is needed", errIncomplete, what) }
