package harness

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// An RPC that streams a file is called like any other here: the file is whole in the field data of the request or the answer.

// rawBinding is the REST form of an RPC that streams a file; nil for any other.
func rawBinding(method protoreflect.MethodDescriptor) *annotations.HttpRule {
	rule, _ := proto.GetExtension(method.Options(), leadmuxv1.E_RawHttp).(*annotations.HttpRule)
	return rule
}

// restFile calls an RPC that streams a file over REST.
func (s *Server) restFile(ctx context.Context, method protoreflect.MethodDescriptor, c Call) (Answer, error) {
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(c.Body), &fields); err != nil {
		return Answer{}, err
	}
	data, _ := fields["data"].(string)
	delete(fields, "data")
	file, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return Answer{}, err
	}
	head, err := json.Marshal(fields)
	if err != nil {
		return Answer{}, err
	}
	request, err := Transcode(method, 0, head)
	if err != nil {
		return Answer{}, err
	}
	answer, err := s.HTTPDo(ctx, request.Method, s.URL(request.Path), file, c.Key, "Content-Type", "application/octet-stream")
	if err != nil || answer.Code != codes.OK || method.IsStreamingClient() {
		return answer, err
	}
	whole := map[string]any{"data": answer.Body}
	if media := answer.Header.Get("Content-Type"); media != "application/octet-stream" {
		whole["contentType"] = media
	}
	if _, parameters, err := mime.ParseMediaType(answer.Header.Get("Content-Disposition")); err == nil && parameters["filename"] != "" {
		whole["fileName"] = parameters["filename"]
	}
	answer.Body, err = json.Marshal(whole)
	return answer, err
}

// stream calls an RPC that streams a file over gRPC.
func (s *Server) stream(ctx context.Context, method protoreflect.MethodDescriptor, c Call) (Answer, error) {
	in, err := newMessage(method.Input())
	if err != nil {
		return Answer{}, err
	}
	if err := protojson.Unmarshal([]byte(c.Body), in); err != nil {
		return Answer{}, err
	}
	if value := s.authorization(c.Key); value != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
	}
	out, err := s.exchange(ctx, method, in)
	st, ok := status.FromError(err)
	if !ok {
		return Answer{}, err
	}
	shown := out
	if err != nil {
		shown = st.Proto()
	}
	body, err := protojson.Marshal(shown)
	return Answer{Code: st.Code(), Body: body}, err
}

// exchange sends the request, a file in pieces, and puts the pieces of the answer together.
func (s *Server) exchange(ctx context.Context, method protoreflect.MethodDescriptor, in proto.Message) (proto.Message, error) {
	desc := &grpc.StreamDesc{ClientStreams: method.IsStreamingClient(), ServerStreams: method.IsStreamingServer()}
	stream, err := s.conn.NewStream(ctx, desc, "/"+string(method.Parent().FullName())+"/"+string(method.Name()))
	if err != nil {
		return nil, err
	}
	for _, piece := range pieces(in) {
		if err := stream.SendMsg(piece); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	return receive(stream, method)
}

// receive puts the pieces of an answer together.
func receive(stream grpc.ClientStream, method protoreflect.MethodDescriptor) (proto.Message, error) {
	whole, err := newMessage(method.Output())
	if err != nil {
		return nil, err
	}
	field := dataOf(whole)
	var data []byte
	for n := 0; ; n++ {
		piece, err := newMessage(method.Output())
		if err == nil {
			err = stream.RecvMsg(piece)
		}
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			if len(data) > 0 {
				whole.ProtoReflect().Set(field, protoreflect.ValueOfBytes(data))
			}
			return whole, nil
		case err != nil:
			return nil, err
		}
		if field != nil {
			data = append(data, piece.ProtoReflect().Get(field).Bytes()...)
		}
		proto.Merge(whole, piece)
		if !method.IsStreamingServer() {
			return whole, nil
		}
	}
}

func dataOf(m proto.Message) protoreflect.FieldDescriptor {
	return m.ProtoReflect().Descriptor().Fields().ByName("data")
}

// pieces are a request whose file is cut into two, or the request alone.
func pieces(in proto.Message) []proto.Message {
	field := dataOf(in)
	if field == nil {
		return []proto.Message{in}
	}
	data := in.ProtoReflect().Get(field).Bytes()
	const piece = 512 << 10
	all := []proto.Message{in}
	in.ProtoReflect().Set(field, protoreflect.ValueOfBytes(data[:min(len(data)/2, piece)]))
	for rest := data[min(len(data)/2, piece):]; len(rest) > 0; {
		n := min(len(rest), piece)
		next := in.ProtoReflect().New()
		next.Set(field, protoreflect.ValueOfBytes(rest[:n]))
		all, rest = append(all, next.Interface()), rest[n:]
	}
	return all
}
