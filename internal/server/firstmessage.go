package server

import (
	"context"
	"errors"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// NewStream begins a stream. What a server stream is refused with comes with its header, so that the gateway answers it as it does any
// refusal, and not as a stream that broke off.
func (c inProcess) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := c.ClientConnInterface.NewStream(ctx, desc, method, opts...)
	if err != nil || desc.ClientStreams {
		return stream, err
	}
	output, err := outputOf(method)
	if err != nil {
		return nil, err
	}
	return &peeked{ClientStream: stream, output: output}, nil
}

// outputOf is the type of a method's answers.
func outputOf(method string) (protoreflect.MessageType, error) {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, err
	}
	described, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, errNoSuchMethod()
	}
	return protoregistry.GlobalTypes.FindMessageByName(described.Output().FullName())
}

// peeked is a server stream whose first message is read with its header.
type peeked struct {
	grpc.ClientStream
	output protoreflect.MessageType
	first  proto.Message // nil once it was handed over
}

// Header waits for the first message, or for what comes in its place. The header goes first: once the message was read, the connection would
// look for it in the next one, and the first would be seen when the second comes.
func (p *peeked) Header() (metadata.MD, error) {
	header, err := p.ClientStream.Header()
	if err != nil {
		return nil, err
	}
	first := p.output.New().Interface()
	err = p.ClientStream.RecvMsg(first)
	if errors.Is(err, io.EOF) { // it ended well, without a message
		return header, nil
	}
	if err != nil {
		return nil, err
	}
	p.first = first
	return header, nil
}

// RecvMsg hands over the first message, then reads on.
func (p *peeked) RecvMsg(into any) error {
	message, ok := into.(proto.Message)
	if p.first == nil || !ok {
		return p.ClientStream.RecvMsg(into)
	}
	proto.Reset(message)
	proto.Merge(message, p.first)
	p.first = nil
	return nil
}

// SendMsg sends the request. That the stream has ended already is no failure to send: what it ended with comes with the header, as it
// does over the network.
func (p *peeked) SendMsg(message any) error {
	if err := p.ClientStream.SendMsg(message); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
