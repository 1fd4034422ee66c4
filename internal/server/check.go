package server

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/rules"
)

// checker puts the Idempotency-Key into the request and holds the request to the rules in its schema.
type checker struct{ rules *rules.Checker }

func newChecker() (*checker, error) {
	var inputs []protoreflect.MessageDescriptor
	for _, method := range apiMethods() {
		inputs = append(inputs, method.Input())
	}
	compiled, err := rules.New(inputs...)
	return &checker{rules: compiled}, err
}

func (c *checker) check(ctx context.Context, fullMethod string, req proto.Message) error {
	if err := takeKey(ctx, fullMethod, req); err != nil {
		return err
	}
	return c.rules.Check(req)
}

// takeKey puts the metadata idempotency-key (over REST: the header Idempotency-Key) into request_id, where the method
// changes something and has that field.
func takeKey(ctx context.Context, fullMethod string, req proto.Message) error {
	md, _ := metadata.FromIncomingContext(ctx)
	key, err := idempotencyKey(md.Get("idempotency-key"))
	if err != nil || key == "" || !mutates(fullMethod) {
		return err
	}
	m := req.ProtoReflect()
	field := requestIDOf(m.Descriptor())
	if field == nil {
		return keyOfMany(m.Descriptor())
	}
	if given := m.Get(field).String(); given != "" && given != key {
		return rpcerr.Invalid("request_id", "differs from the Idempotency-Key; send one of them, or the same twice")
	}
	m.Set(field, protoreflect.ValueOfString(key))
	return nil
}

// requestIDOf is a message's field request_id; nil when it has none.
func requestIDOf(message protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	field := message.Fields().ByName("request_id")
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return nil
	}
	return field
}

// keyOfMany refuses a key for a request whose items have a request_id each: it could make none of them safe to repeat.
func keyOfMany(message protoreflect.MessageDescriptor) error {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if field.Message() != nil && requestIDOf(field.Message()) != nil {
			return rpcerr.Invalid("request_id", "this method takes no Idempotency-Key; each of %s has a requestId of its own", field.JSONName())
		}
	}
	return nil
}

// idempotencyKey is the one key given, without surrounding quotes; empty when none is. A key that cannot be used is refused,
// not dropped: its sender believes that repeating is safe.
func idempotencyKey(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if len(values) > 1 || !visibleASCII(key, 128) {
		return "", rpcerr.Invalid("request_id", "the Idempotency-Key must be one value of 1 to 128 visible ASCII characters")
	}
	return key, nil
}

// mutates says whether a method changes something, by its standard idempotency_level.
func mutates(fullMethod string) bool {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return false
	}
	options, ok := d.Options().(*descriptorpb.MethodOptions)
	return !ok || options.GetIdempotencyLevel() != descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// apiMethods are the methods of all services of the API's package.
func apiMethods() []protoreflect.MethodDescriptor {
	var methods []protoreflect.MethodDescriptor
	apiPackage := leadmuxv1.File_leadmux_v1_lead_service_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(apiPackage, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				methods = append(methods, service.Methods().Get(j))
			}
		}
		return true
	})
	return methods
}
