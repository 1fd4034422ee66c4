package service

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Forwarding makes services whose RPCs go to the vendors as they are. What an RPC needs beyond its route is its step.
type Forwarding struct {
	cfg Config
	has func(rpc string) bool
	// files holds an entry for each file under way.
	files chan struct{}
}

// forward is one call of a forwarded RPC.
type forward struct {
	s       *Forwarding
	caller  auth.Principal
	account *adapters.Account
	method  protoreflect.MethodDescriptor
	request proto.Message // a copy
	// response is filled in by the vendor, or by the step; then answered is set.
	response proto.Message
	answered bool
	// check looks at the index in the transaction that journals the write; nil for nothing.
	check func(r idmap.Reader) error
	// finish completes the response once the vendor has answered; nil for nothing.
	finish func()
}

// NewForwarding makes a Forwarding. has says whether any vendor has the RPC.
func NewForwarding(cfg Config, has func(rpc string) bool) *Forwarding {
	return &Forwarding{cfg: cfg.filled(), has: has, files: make(chan struct{}, filesAtOnce)}
}

// Service is desc with every RPC forwarded that a vendor has; the others go to the implementation that it is registered with.
func (s *Forwarding) Service(desc *grpc.ServiceDesc) (*grpc.ServiceDesc, error) {
	service, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", desc.ServiceName, err)
	}
	described, ok := service.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is no service", desc.ServiceName)
	}
	forwarded := *desc
	forwarded.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, method := range desc.Methods {
		forwarded.Methods[i] = method
		if !s.has(method.MethodName) {
			continue
		}
		handler, err := s.handler(described.Methods().ByName(protoreflect.Name(method.MethodName)))
		if err != nil {
			return nil, err
		}
		forwarded.Methods[i].Handler = handler
	}
	forwarded.Streams = make([]grpc.StreamDesc, len(desc.Streams))
	for i, stream := range desc.Streams {
		forwarded.Streams[i] = stream
		if !s.has(stream.StreamName) {
			continue
		}
		if forwarded.Streams[i], err = s.stream(stream, described.Methods().ByName(protoreflect.Name(stream.StreamName))); err != nil {
			return nil, err
		}
	}
	return &forwarded, nil
}

// handler is what generated code would be for a method that is implemented.
func (s *Forwarding) handler(method protoreflect.MethodDescriptor) (grpc.MethodHandler, error) {
	input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return nil, fmt.Errorf("RPC %s: %w", method.FullName(), err)
	}
	output, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return nil, fmt.Errorf("RPC %s: %w", method.FullName(), err)
	}
	name := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		request := input.New().Interface()
		if err := decode(request); err != nil {
			return nil, err
		}
		handle := func(ctx context.Context, _ any) (any, error) {
			response := output.New().Interface()
			return response, s.do(ctx, method, request, response)
		}
		if interceptor == nil {
			return handle(ctx, request)
		}
		return interceptor(ctx, request, &grpc.UnaryServerInfo{Server: srv, FullMethod: name}, handle)
	}, nil
}

// do is one call.
func (s *Forwarding) do(ctx context.Context, method protoreflect.MethodDescriptor, request, response proto.Message) error {
	p, err := principal(ctx)
	if err != nil {
		return err
	}
	f := &forward{s: s, caller: p, method: method, request: proto.Clone(request), response: response}
	if f.account, err = s.accountOf(ctx, p, f.request.ProtoReflect()); err != nil {
		return err
	}
	if step := steps[string(method.Name())]; step != nil {
		if err := step(ctx, f); err != nil || f.answered {
			return err
		}
	}
	key, err := f.key()
	if err != nil {
		return err
	}
	pages := s.cfg.pages(p.Tenant, string(method.Name()), f.request)
	if err := pages.open(f.request.ProtoReflect()); err != nil {
		return err
	}
	err = s.cfg.Dispatcher.Direct(ctx, delivery.Direct{
		Tenant: p.Tenant, Account: f.account, Method: method, Class: adapters.ClassOf(method),
		Request: f.request, Response: response, Check: f.check, Key: f.echoing(key),
	})
	if lacks, ok := isUnsupported(err); ok {
		return s.cfg.unsupported(p, lacks)
	}
	if err == nil && f.finish != nil {
		f.finish()
	}
	pages.seal(response.ProtoReflect())
	return err
}

// isUnsupported says whether an error is that the account has no such RPC.
func isUnsupported(err error) (*adapters.Error, bool) {
	e, ok := err.(*adapters.Error) //nolint:errorlint // what a vendor answered is wrapped and means something else
	return e, ok && e.Kind == adapters.KindNotSupported
}

// key is the caller's request_id; nil without one.
func (f *forward) key() (delivery.RequestKey, error) {
	id := text(f.request.ProtoReflect(), "request_id")
	if id == "" {
		return nil, nil //nolint:nilnil // no key is no error
	}
	key, err := f.s.cfg.requestKey(f.caller.Tenant, string(f.method.Name()), id, f.request)
	return directKey{key, f.s.cfg}, err
}

// directKey is a requestKey as the delivery wants it.
type directKey struct {
	requestKey
	cfg Config
}

// Before is the operation that has the key.
func (k directKey) Before(r idmap.Reader) (string, error) { return k.before(r, k.cfg.Now()) }

// Put claims the key for an operation.
func (k directKey) Put(tx idmap.Tx, operationID string) error {
	return k.put(tx, operationID, k.cfg.Now())
}

// accountOf is the account that the request names, or that its call or chat is at.
func (s *Forwarding) accountOf(ctx context.Context, p auth.Principal, request protoreflect.Message) (*adapters.Account, error) {
	named := text(request, "account")
	implied, field, err := s.implied(ctx, p, request)
	if err != nil {
		return nil, err
	}
	switch {
	case named == "" && implied == "":
		return nil, rpcerr.Invalid("account", "name the account; there are: %s", joined(namesOf(s.cfg.Accounts, p)))
	case named == "":
		named = implied
	case implied != "" && named != implied:
		return nil, rpcerr.Invalid("account", "%s is at account %s; leave account out or name that", field, implied)
	}
	account, refusal := accountOf(s.cfg.Accounts, p, named)
	if refusal != nil {
		return nil, refusal
	}
	return account, nil
}
