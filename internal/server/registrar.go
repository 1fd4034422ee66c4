package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// registrar registers services so that a request which cannot be read still runs the chain. Generated handlers read the
// request before they call an interceptor; without this a message that is no protobuf would be refused in grpc-go's words, and
// that or one that is too large would be neither logged nor counted.
type registrar struct {
	chain   *chain
	to      grpc.ServiceRegistrar
	network bool // requests come as bytes
}

// RegisterService is called by generated code.
func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	wrapped := *desc
	wrapped.Methods = slices.Clone(desc.Methods)
	for i, method := range wrapped.Methods {
		fullMethod := fmt.Sprintf("/%s/%s", desc.ServiceName, method.MethodName)
		r.chain.known[fullMethod] = true
		wrapped.Methods[i].Handler = r.readable(fullMethod, method.Handler)
	}
	for _, s := range desc.Streams {
		r.chain.known[fmt.Sprintf("/%s/%s", desc.ServiceName, s.StreamName)] = true
	}
	if !slices.Contains(r.chain.names, desc.ServiceName) {
		r.chain.names = append(r.chain.names, desc.ServiceName)
	}
	r.to.RegisterService(&wrapped, impl)
}

// GetServiceInfo lets reflection list the services.
func (r registrar) GetServiceInfo() map[string]grpc.ServiceInfo {
	if lister, ok := r.to.(interface {
		GetServiceInfo() map[string]grpc.ServiceInfo
	}); ok {
		return lister.GetServiceInfo()
	}
	return nil
}

type unaryHandler = func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error)

func (r registrar) readable(fullMethod string, handler grpc.MethodHandler) unaryHandler {
	return func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		var unread error
		res, err := handler(srv, ctx, func(into any) error {
			unread = r.read(ctx, fullMethod, dec, into)
			return unread
		}, interceptor)
		if unread == nil {
			return res, err
		}
		return interceptor(ctx, nil, &grpc.UnaryServerInfo{Server: srv, FullMethod: fullMethod},
			func(context.Context, any) (any, error) { return nil, unread })
	}
}

// read reads the request of a unary method.
func (r registrar) read(ctx context.Context, fullMethod string, dec func(any) error, into any) error {
	limit := r.chain.set.messageLimit(fullMethod)
	if stream := largeStream(ctx); r.network && limit > r.chain.set.maxMessage && stream != nil {
		if _, err := r.chain.guard.caller(ctx, fullMethod); err != nil {
			return err // and the chain refuses the caller in its own way
		}
		dec = func(into any) error { return readLarge(stream, into, limit) }
	}
	return receive(dec, into, r.network, limit)
}

// unreadable is our error for a message that grpc-go could not read. io.EOF, the regular end of a stream, stays.
func unreadable(err error, limit int) error {
	if err == nil || errors.Is(err, io.EOF) || deliberate(err) {
		return err
	}
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return errTooLarge(limit)
	case codes.Canceled:
		return context.Canceled
	case codes.DeadlineExceeded:
		return context.DeadlineExceeded
	case codes.Unavailable:
		return err
	default:
		return errUnreadable()
	}
}

func errUnreadable() error {
	return malformed("the message is not what this method takes, or could not be read to its end")
}
