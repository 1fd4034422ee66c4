package server

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	_ "google.golang.org/grpc/encoding/proto" // the codec that forgiving wraps
)

// forgiving is the protobuf codec, but for one thing: it keeps the error of a message that is no protobuf in the envelope
// instead of returning it. grpc-go answers a codec's error at once, as INTERNAL and in its own words; kept, it becomes a
// MALFORMED_REQUEST that went through the chain.
type forgiving struct{ encoding.CodecV2 }

func newCodec() forgiving { return forgiving{encoding.GetCodecV2("proto")} }

// envelope is a message to be received, and why it could not be read.
type envelope struct {
	into any
	err  error
}

// Unmarshal fills an envelope, or an ordinary message.
func (c forgiving) Unmarshal(data mem.BufferSlice, v any) error {
	e, ok := v.(*envelope)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	e.err = c.CodecV2.Unmarshal(data, e.into)
	return nil
}

// receive reads one message with read and explains a failure. The in-process connection has no codec and no such failure.
func receive(read func(any) error, into any, network bool, limit int) error {
	if !network {
		return unreadable(read(into), limit)
	}
	e := &envelope{into: into}
	if err := unreadable(read(e), limit); err != nil {
		return err
	}
	if e.err != nil {
		return errUnreadable()
	}
	return nil
}
