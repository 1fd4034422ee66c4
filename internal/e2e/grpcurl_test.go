package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jhump/protoreflect/v2/grpcdynamic"
	"github.com/jhump/protoreflect/v2/grpcreflect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// asGrpcurl, when set, makes the test binary behave as grpcurl.
const asGrpcurl = "LEADMUX_E2E_AS_GRPCURL"

var errUsage = errors.New("usage: grpcurl -plaintext [-H 'name: value'] [-max-time seconds] [-d JSON] host:port (list [service] | service/method)")

// grpcurl is as much of grpcurl as the README's examples use: it knows nothing but what the server's reflection says.
func grpcurl(args []string, stdout, stderr io.Writer) int {
	if err := grpcurlRun(args, stdout); err != nil {
		fmt.Fprintln(stderr, "grpcurl:", err)
		return 1
	}
	return 0
}

type grpcurlArgs struct {
	plaintext bool
	headers   metadata.MD
	data      string
	most      time.Duration
	rest      []string
}

func parseGrpcurl(args []string) (grpcurlArgs, error) {
	in := grpcurlArgs{headers: metadata.MD{}, most: 30 * time.Second}
	for ; len(args) > 0; args = args[1:] {
		switch {
		case args[0] == "-plaintext":
			in.plaintext = true
		case args[0] == "-max-time" && len(args) > 1:
			seconds, err := strconv.Atoi(args[1])
			if err != nil {
				return in, errUsage
			}
			in.most, args = time.Duration(seconds)*time.Second, args[1:]
		case (args[0] == "-d" || args[0] == "-H") && len(args) > 1:
			if args[0] == "-d" {
				in.data = args[1]
			} else if name, value, ok := strings.Cut(args[1], ": "); ok {
				in.headers.Append(name, value)
			}
			args = args[1:]
		case strings.HasPrefix(args[0], "-"):
			return in, errUsage
		default:
			in.rest = append(in.rest, args[0])
		}
	}
	if !in.plaintext || len(in.rest) < 2 {
		return in, errUsage
	}
	return in, nil
}

func grpcurlRun(args []string, out io.Writer) error {
	in, err := parseGrpcurl(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(context.Background(), in.headers), in.most)
	defer cancel()
	conn, err := grpc.NewClient("passthrough:///"+in.rest[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	server := grpcreflect.NewClientAuto(ctx, conn)
	defer server.Reset()
	if in.rest[1] == "list" {
		return grpcurlList(server, in.rest[2:], out)
	}
	return grpcurlCall(ctx, conn, server, in, out)
}

func grpcurlList(server *grpcreflect.Client, of []string, out io.Writer) error {
	if len(of) == 0 {
		services, err := server.ListServices()
		for _, s := range services {
			fmt.Fprintln(out, s)
		}
		return err
	}
	service, err := server.AsResolver().FindDescriptorByName(protoreflect.FullName(of[0]))
	if err != nil {
		return err
	}
	if s, ok := service.(protoreflect.ServiceDescriptor); ok {
		for i := range s.Methods().Len() {
			fmt.Fprintln(out, s.Methods().Get(i).FullName())
		}
	}
	return nil
}

func grpcurlCall(ctx context.Context, conn *grpc.ClientConn, server *grpcreflect.Client, in grpcurlArgs, out io.Writer) error {
	found, err := server.AsResolver().FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(in.rest[1], "/", ".")))
	if err != nil {
		return err
	}
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return errUsage
	}
	request := dynamicpb.NewMessage(method.Input())
	if in.data != "" {
		if err := protojson.Unmarshal([]byte(in.data), request); err != nil {
			return err
		}
	}
	if method.IsStreamingServer() {
		return grpcurlStream(ctx, conn, method, request, out)
	}
	response, err := grpcdynamic.NewStub(conn).InvokeRPC(ctx, method, request)
	if err != nil {
		return err
	}
	return grpcurlShow(response, out)
}

func grpcurlStream(ctx context.Context, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, request proto.Message, out io.Writer) error {
	stream, err := grpcdynamic.NewStub(conn).InvokeRPCServerStream(ctx, method, request)
	for err == nil {
		var response proto.Message
		if response, err = stream.RecvMsg(); err == nil {
			err = grpcurlShow(response, out)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func grpcurlShow(response proto.Message, out io.Writer) error {
	shown, err := protojson.MarshalOptions{Multiline: true}.Marshal(response)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(shown))
	return err
}
