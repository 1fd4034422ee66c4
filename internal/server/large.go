package server

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

// grpc-go has one limit for the messages of all methods of a server, and reads a message whole before anyone can say which
// method it is for. So its limit is the common one, and this file reads the one message of a method that takes more, from the
// same stream that grpc-go would read it from.

// messageStream is what grpc-go itself reads a message with. It is no promise of grpc-go's: should a version take these methods
// away, largeStream finds none, the common limit holds for every method, and TestLargeMessages says so.
type messageStream interface {
	ReadMessageHeader(header []byte) error
	Read(n int) (mem.BufferSlice, error)
}

// largeStream is the stream behind a call from the network that was not read yet; nil when there is none.
func largeStream(ctx context.Context) messageStream {
	stream, _ := grpc.ServerTransportStreamFromContext(ctx).(messageStream)
	return stream
}

// readLarge reads the only message of a call: a byte that says whether it is compressed, its length in four, and itself. No
// compressor is installed, so grpc-go has refused a caller that named one; a compressed message that names none is malformed.
func readLarge(stream messageStream, into any, limit int) error {
	var header [5]byte
	if err := stream.ReadMessageHeader(header[:]); errors.Is(err, io.EOF) {
		return errUnreadable() // a call without its message
	} else if err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(header[1:])
	if uint64(length) > uint64(limit) {
		return errTooLarge(limit)
	}
	if header[0] != 0 {
		return errUnreadable()
	}
	data, err := stream.Read(int(length))
	if err != nil {
		return err
	}
	defer data.Free()
	if err := newCodec().Unmarshal(data, into); err != nil {
		return err
	}
	if err := stream.ReadMessageHeader(header[:]); !errors.Is(err, io.EOF) {
		return errUnreadable() // a second message, or the end that never came
	}
	return nil
}
