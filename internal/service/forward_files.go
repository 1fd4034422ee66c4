package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// An RPC that streams a file is forwarded like any other, with the file whole in its one request or response: the pieces are put
// together before anything is sent to a vendor, and cut after everything came. So a stream that breaks off has no effect, and a file
// has one journal entry, one rate slot, one outcome.

const (
	// dataField is the bytes of a piece.
	dataField = "data"
	// uploadTimeout is how long a caller may take to send a file.
	uploadTimeout = 5 * time.Minute
	// filesAtOnce bounds the memory that files take; further ones wait for their turn.
	filesAtOnce = 4
	// pieceSize is how many bytes of a file go into one message to the caller.
	pieceSize = 64 << 10
)

// fileRPC is an RPC that streams a file.
type fileRPC struct {
	s             *Forwarding
	method        protoreflect.MethodDescriptor
	input, output protoreflect.MessageType
	limit         int
}

// stream is desc as a stream of a file that is forwarded.
func (s *Forwarding) stream(desc grpc.StreamDesc, method protoreflect.MethodDescriptor) (grpc.StreamDesc, error) {
	limit, _ := proto.GetExtension(method.Options(), leadmuxv1.E_MaxFileBytes).(int32)
	if limit <= 0 {
		return desc, fmt.Errorf("RPC %s: no usable max_file_bytes", method.FullName())
	}
	input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return desc, fmt.Errorf("RPC %s: %w", method.FullName(), err)
	}
	output, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return desc, fmt.Errorf("RPC %s: %w", method.FullName(), err)
	}
	rpc := fileRPC{s: s, method: method, input: input, output: output, limit: int(limit)}
	desc.Handler = func(_ any, stream grpc.ServerStream) error { return rpc.serve(stream) }
	return desc, nil
}

func (r fileRPC) serve(stream grpc.ServerStream) error {
	ctx, cancel := context.WithTimeout(stream.Context(), uploadTimeout)
	defer cancel()
	select {
	case r.s.files <- struct{}{}:
		defer func() { <-r.s.files }()
	case <-ctx.Done():
		return ctx.Err()
	}
	request, err := r.collect(ctx, stream)
	if err != nil {
		return err
	}
	ctx, cancel = context.WithTimeout(stream.Context(), delivery.AttemptTimeout)
	defer cancel()
	response := r.output.New().Interface()
	if err := r.s.do(ctx, r.method, request, response); err != nil {
		return err
	}
	if r.method.IsStreamingClient() {
		return stream.SendMsg(response)
	}
	return r.cut(stream, response.ProtoReflect())
}

// collect is the one request that the caller's pieces make.
func (r fileRPC) collect(ctx context.Context, stream grpc.ServerStream) (proto.Message, error) {
	whole := r.input.New()
	if err := stream.RecvMsg(whole.Interface()); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, rpcerr.Invalid("account", "is needed in the first piece; the stream has none")
		}
		return nil, err
	}
	if !r.method.IsStreamingClient() {
		return whole.Interface(), nil
	}
	data := whole.Descriptor().Fields().ByName(dataField)
	file := append([]byte(nil), whole.Get(data).Bytes()...)
	for {
		if len(file) > r.limit {
			return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE, "the file is larger than the %d bytes allowed", r.limit).
				With("limit_bytes", fmt.Sprint(r.limit))
		}
		piece := r.input.New()
		err := stream.RecvMsg(piece.Interface())
		switch {
		case errors.Is(err, io.EOF):
			whole.Set(data, protoreflect.ValueOfBytes(file))
			return whole.Interface(), nil
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		if err := sameHead(whole, piece); err != nil {
			return nil, err
		}
		file = append(file, piece.Get(data).Bytes()...)
	}
}

// sameHead refuses a later piece that says another thing than the first one.
func sameHead(first, later protoreflect.Message) (err error) {
	later.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Kind() != protoreflect.BytesKind && !first.Get(f).Equal(v) {
			err = rpcerr.Invalid(string(f.Name()), "differs from that of the first piece; later pieces may leave it out")
		}
		return err == nil
	})
	return err
}

// cut sends a file piece by piece; what is said of it goes with the first.
func (r fileRPC) cut(stream grpc.ServerStream, whole protoreflect.Message) error {
	data := whole.Descriptor().Fields().ByName(dataField)
	rest := whole.Get(data).Bytes()
	piece := whole
	for first := true; first || len(rest) > 0; first = false {
		n := min(len(rest), pieceSize)
		piece.Set(data, protoreflect.ValueOfBytes(rest[:n]))
		if err := stream.SendMsg(piece.Interface()); err != nil {
			return err
		}
		rest, piece = rest[n:], r.output.New()
	}
	return nil
}
