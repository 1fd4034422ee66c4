package server

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"github.com/google/uuid"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"
)

// Transports, as logs and metrics name them. http is what is neither: webhooks, health, documentation.
const (
	transportGRPC = "grpc"
	transportREST = "rest"
	transportHTTP = "http"
)

const requestIDKey = "x-request-id"

// call is one call on its way through the chain. Only the goroutine that runs the chain touches it.
type call struct {
	method    string // "/package.Service/Method"
	known     bool   // such a method is registered
	unary     bool
	req       proto.Message // nil for streams, and for a unary message that could not be read
	transport string
	requestID string
	peer      string
	start     time.Time
	principal string
	tenant    string
}

// label is the method as logs and metrics name it. A caller chooses the path, so what is not registered has one name.
func (c *call) label() string {
	if c.known {
		return c.method
	}
	return unknownMethod
}

// logger is one whose lines name the call.
func (c *call) logger(parent *slog.Logger) *slog.Logger {
	return parent.With(slog.String("request_id", c.requestID), slog.String("method", c.label()))
}

const unknownMethod = "unknown"

// restCall is what the HTTP side knows of a request that may become a call.
type restCall struct {
	requestID string
	peer      *peer.Peer
	served    atomic.Bool // the chain ran, so it has logged and counted the call
}

type restCallKey struct{}

// newRestCall takes the facts from the connection. The ID is the caller's own when it is well formed.
func newRestCall(r *http.Request) *restCall {
	rest := &restCall{requestID: pickRequestID(r.Header.Values("X-Request-Id")), peer: &peer.Peer{Addr: remoteAddr(r.RemoteAddr)}}
	if r.TLS != nil {
		rest.peer.AuthInfo = credentials.TLSInfo{
			State:          *r.TLS,
			CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
		}
	}
	return rest
}

// restCallOf finds the HTTP request behind an in-process call; nil for a call from the network. It looks only into the
// client's context, which a caller cannot write.
func restCallOf(ctx context.Context) *restCall {
	client := inprocgrpc.ClientContext(ctx)
	if client == nil {
		return nil
	}
	rest, _ := client.Value(restCallKey{}).(*restCall)
	return rest
}

// identify fills in who asks and under which ID, and gives the services the caller's true peer.
func (c *call) identify(ctx context.Context) context.Context {
	c.start = time.Now()
	if rest := restCallOf(ctx); rest != nil {
		rest.served.Store(true)
		c.transport, c.requestID, c.peer = transportREST, rest.requestID, rest.peer.Addr.String()
		return peer.NewContext(ctx, rest.peer)
	}
	md, _ := metadata.FromIncomingContext(ctx)
	c.transport, c.requestID = transportGRPC, pickRequestID(md.Get(requestIDKey))
	if p, ok := peer.FromContext(ctx); ok {
		c.peer = p.Addr.String()
	}
	return ctx
}

// pickRequestID is the caller's ID when there is exactly one, of 1 to 128 visible ASCII characters; else a new one.
func pickRequestID(given []string) string {
	if len(given) == 1 && visibleASCII(given[0], 128) {
		return given[0]
	}
	return uuid.NewString()
}

// visibleASCII says whether s is 1 to limit characters between "!" and "~".
func visibleASCII(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return true
}

type remoteAddr string

func (remoteAddr) Network() string  { return "tcp" }
func (a remoteAddr) String() string { return string(a) }
