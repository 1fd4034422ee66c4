package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	tlscredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // so that the details of a status can be shown as JSON

	_ "github.com/leadmux/leadmux/gen/leadmux/v1" // so that every service is in the registry
)

// Via is a transport.
type Via string

// The transports.
const (
	GRPC Via = "grpc"
	REST Via = "rest"
)

// Vias are both transports.
func Vias() []Via { return []Via{GRPC, REST} }

// CallWithin bounds every call.
const CallWithin = 40 * time.Second

// Call is one call of an RPC.
type Call struct {
	Via Via
	// Method is the RPC with its service, such as "LeadService.CreateLead".
	Method string
	// Body is the request message as JSON.
	Body string
	// Key is the name of an API key; empty means KeyFull.
	Key string
	// Binding says which of the RPC's REST bindings is used; 0 is the first.
	Binding int
}

// Answer is what came back.
type Answer struct {
	// Code is the gRPC code; over REST the one in the body of the error.
	Code codes.Code
	// Status is the HTTP status; 0 over gRPC.
	Status int
	// Body is the response message as JSON, or google.rpc.Status as JSON.
	Body []byte
	// Header are the HTTP headers.
	Header http.Header
}

// Refusal is the part of google.rpc.Status that tests look at.
type Refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type            string            `json:"@type"`
		Reason          string            `json:"reason"`
		Domain          string            `json:"domain"`
		Metadata        map[string]string `json:"metadata"`
		RetryDelay      string            `json:"retryDelay"`
		FieldViolations []struct {
			Field       string `json:"field"`
			Description string `json:"description"`
		} `json:"fieldViolations"`
	} `json:"details"`
}

// Refusal reads the answer as an error.
func (a Answer) Refusal() Refusal {
	var r Refusal
	_ = json.Unmarshal(a.Body, &r) // what is no JSON has no reason
	return r
}

// Reason is the reason of an error; empty for none.
func (a Answer) Reason() string {
	for _, d := range a.Refusal().Details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return ""
}

// connect opens connections that know nothing of an earlier process.
func (s *Server) connect(tb testing.TB) {
	tb.Helper()
	s.disconnect()
	var err error
	wire := insecure.NewCredentials()
	if s.tls != nil {
		wire = tlscredentials.NewTLS(s.tls)
	}
	s.conn, err = grpc.NewClient("passthrough:///"+s.GRPC, grpc.WithTransportCredentials(wire),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}))
	must(tb, err)
	s.web = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128, TLSClientConfig: s.tls}}
}

func (s *Server) disconnect() {
	if s.conn != nil {
		_ = s.conn.Close() // its peer is gone
		s.conn = nil
		s.web.CloseIdleConnections()
	}
}

// URL is where a path of the public HTTP listener is.
func (s *Server) URL(path string) string {
	if s.tls != nil {
		return "https://" + s.HTTP + path
	}
	return "http://" + s.HTTP + path
}

// Conn is the gRPC connection to the running process.
func (s *Server) Conn() *grpc.ClientConn { return s.conn }

// Do makes a call. Its error is about the connection; what the service refuses is an Answer.
func (s *Server) Do(ctx context.Context, c Call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, CallWithin)
	defer cancel()
	if c.Key == "" {
		c.Key = KeyFull
	}
	answer, err := s.do(ctx, c)
	if err == nil && answer.Code != codes.OK {
		s.mu.Lock()
		s.refusals = append(s.refusals, answer.Body)
		s.mu.Unlock()
	}
	return answer, err
}

func (s *Server) do(ctx context.Context, c Call) (Answer, error) {
	method, err := Method(c.Method)
	if err != nil {
		return Answer{}, err
	}
	switch file := rawBinding(method) != nil; {
	case file && c.Via == REST:
		return s.restFile(ctx, method, c)
	case file:
		return s.stream(ctx, method, c)
	}
	if c.Via == REST {
		request, err := Transcode(method, c.Binding, []byte(c.Body))
		if err != nil {
			return Answer{}, err
		}
		return s.HTTPDo(ctx, request.Method, s.URL(request.Path), request.Body, c.Key)
	}
	return s.invoke(ctx, method, c)
}

// authorization is the header value for a named key; empty for none.
func (s *Server) authorization(key string) string {
	if secret := s.keys[key]; secret != "" {
		return "Bearer " + secret
	}
	return ""
}

// invoke makes the call over gRPC.
func (s *Server) invoke(ctx context.Context, method protoreflect.MethodDescriptor, c Call) (Answer, error) {
	in, err := newMessage(method.Input())
	if err != nil {
		return Answer{}, err
	}
	if err := protojson.Unmarshal([]byte(c.Body), in); err != nil {
		return Answer{}, err
	}
	out, err := newMessage(method.Output())
	if err != nil {
		return Answer{}, err
	}
	if value := s.authorization(c.Key); value != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
	}
	err = s.conn.Invoke(ctx, "/"+string(method.Parent().FullName())+"/"+string(method.Name()), in, out)
	st, _ := status.FromError(err)
	shown := out
	if err != nil {
		shown = st.Proto()
	}
	body, err := protojson.Marshal(shown)
	return Answer{Code: st.Code(), Body: body}, err
}

// HTTPDo makes any HTTP request with the named API key, if it is one. Code is set when the answer is an error of ours.
func (s *Server) HTTPDo(ctx context.Context, method, url string, body []byte, key string, headers ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if value := s.authorization(key); value != "" {
		request.Header.Set("Authorization", value)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.web.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // only read
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: response.StatusCode, Body: raw, Header: response.Header}
	if answer.Status >= http.StatusBadRequest {
		answer.Code = codes.Code(answer.Refusal().Code)
		if answer.Code == codes.OK {
			answer.Code = codes.Unknown // an error that is not in our form
		}
	}
	return answer, nil
}

var errNoMethod = errors.New("no such RPC")

// Method finds an RPC by "Service.Method".
func Method(name string) (protoreflect.MethodDescriptor, error) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("leadmux.v1." + name))
	if err != nil {
		return nil, errors.Join(errNoMethod, err)
	}
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, errNoMethod
	}
	return method, nil
}

func newMessage(d protoreflect.MessageDescriptor) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}
