package server

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// settings are the limits of both servers. They are no configuration: each is a promise with a test, and tests shorten the
// times.
type settings struct {
	maxStreams     uint32         // concurrent calls on one connection; the bound on rapid reset
	maxMessage     int            // bytes of one gRPC message, and of one HTTP body
	largeMessages  map[string]int // the same for the unary methods that take more, by full name
	maxHeaders     int            // bytes of headers of one request
	connectTimeout time.Duration  // handshake of a new gRPC connection

	pingMin     time.Duration // a client may ping this often, and only during a call
	pingAfter   time.Duration // we ping a connection that is silent this long
	pingTimeout time.Duration // and close it when this passes without an answer
	maxIdle     time.Duration // a connection without calls is closed
	maxAge      time.Duration // a connection is closed (grpc-go adds jitter), so that clients spread over replicas
	maxAgeGrace time.Duration // calls on it get this long

	readHeaders  time.Duration // HTTP request headers
	read         time.Duration // HTTP request with its body
	idle         time.Duration // kept-alive HTTP connection between requests
	writeChunk   time.Duration // each single write of an answer
	callDefault  time.Duration // deadline of a unary call that brings none
	callMax      time.Duration // and the longest one it may bring
	waitOverhead time.Duration // what a call gets beyond the wait it asks for
	readyTimeout time.Duration // Config.Ready
	cutOff       time.Duration // a handler may go on this long after its call was cut off
}

func defaults() settings {
	return settings{
		maxStreams: 250, maxMessage: 1 << 20,
		largeMessages: map[string]int{leadmuxv1.LeadService_BatchCreateLeads_FullMethodName: 8 << 20},
		maxHeaders:    16 << 10, connectTimeout: 5 * time.Second,
		pingMin: 20 * time.Second, pingAfter: time.Minute, pingTimeout: 20 * time.Second,
		maxIdle: 15 * time.Minute, maxAge: 30 * time.Minute, maxAgeGrace: 5 * time.Minute,
		readHeaders: 5 * time.Second, read: 15 * time.Second, idle: time.Minute, writeChunk: 30 * time.Second,
		callDefault: 10 * time.Second, callMax: 30 * time.Second, waitOverhead: 5 * time.Second,
		readyTimeout: 2 * time.Second, cutOff: 2 * time.Second,
	}
}

// messageLimit is how many bytes a request of a method may have. A method that is not known has the common limit.
func (s settings) messageLimit(fullMethod string) int {
	if large, ok := s.largeMessages[fullMethod]; ok {
		return large
	}
	return s.maxMessage
}

func (s settings) grpcOptions(config *tls.Config, chain *chain) []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.MaxConcurrentStreams(s.maxStreams),
		grpc.MaxRecvMsgSize(s.maxMessage), // of every method; large.go reads the messages that may be larger
		grpc.MaxHeaderListSize(uint32(s.maxHeaders)),
		grpc.ConnectionTimeout(s.connectTimeout),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: s.pingMin, PermitWithoutStream: false}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: s.maxIdle, MaxConnectionAge: s.maxAge, MaxConnectionAgeGrace: s.maxAgeGrace,
			Time: s.pingAfter, Timeout: s.pingTimeout,
		}),
		grpc.WaitForHandlers(true),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.UnaryInterceptor(chain.unary),
		grpc.StreamInterceptor(chain.stream),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return errNoSuchMethod() }),
	}
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config.Clone())))
	}
	return options
}

// httpServer has no WriteTimeout, because that would end streams: every write has its own (response.go).
func (s settings) httpServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: s.readHeaders,
		ReadTimeout:       s.read,
		IdleTimeout:       s.idle,
		MaxHeaderBytes:    s.maxHeaders,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: int(s.maxStreams)},
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
