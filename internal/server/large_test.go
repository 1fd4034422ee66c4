package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const batchPath = "/v1/leads:batchCreate"

// batchOf is a request of about so many bytes, in either form.
func batchOf(t *testing.T, size int) (*leadmuxv1.BatchCreateLeadsRequest, string) {
	t.Helper()
	const comment, note = 8192, 4096
	req := &leadmuxv1.BatchCreateLeadsRequest{}
	for range size / (comment + note + 100) {
		lead := &leadmuxv1.Lead{
			Comment: strings.Repeat("c", comment), Notes: []*leadmuxv1.Note{{Description: strings.Repeat("n", note)}}, FirstName: "Ada",
		}
		req.Requests = append(req.Requests, &leadmuxv1.CreateLeadRequest{Lead: lead})
	}
	body, err := protojson.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	return req, string(body)
}

// TestLargeMessages: BatchCreateLeads takes up to 8 MiB, both ways, and nothing over it; limits_test.go has the other methods.
func TestLargeMessages(t *testing.T) {
	f := start(t)
	items := make(chan int, 1)
	f.leads.batch = func(_ context.Context, req *leadmuxv1.BatchCreateLeadsRequest) (*leadmuxv1.BatchCreateLeadsResponse, error) {
		items <- len(req.GetRequests())
		return &leadmuxv1.BatchCreateLeadsResponse{}, nil
	}
	for _, size := range []int{100_000, 1<<20 + 100_000, 8<<20 - 100_000} {
		req, body := batchOf(t, size)
		if size > 2<<20 && (proto.Size(req) < 7<<20 || len(body) > 8<<20) {
			t.Fatalf("the request has %d and %d bytes", proto.Size(req), len(body))
		}
		if _, err := f.client().BatchCreateLeads(withKey(), req); err != nil {
			t.Fatalf("gRPC, %d bytes: %v", size, err)
		} else if n := <-items; n != len(req.GetRequests()) {
			t.Errorf("gRPC, %d bytes: %d items arrived", size, n)
		}
		if code, data, _ := f.rest(t, http.MethodPost, batchPath, body); code != http.StatusOK {
			t.Fatalf("REST, %d bytes: %d %s", size, code, data)
		} else if n := <-items; n != len(req.GetRequests()) {
			t.Errorf("REST, %d bytes: %d items arrived", size, n)
		}
		answer := f.raw(t, "POST "+batchPath+" HTTP/1.1\r\nHost: x\r\nAuthorization: "+goodKey+"\r\nTransfer-Encoding: chunked\r\n\r\n"+
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body))
		if answer.StatusCode != http.StatusOK {
			t.Errorf("REST, chunked, %d bytes: %d", size, answer.StatusCode)
		}
		<-items
	}
	req, body := batchOf(t, 9<<20)
	_, err := f.client().BatchCreateLeads(withKey(), req)
	overREST := f.restError(t, http.MethodPost, batchPath, body)
	for name, a := range map[string]answer{"gRPC": fromStatus(status.Convert(err)), "REST": overREST} {
		if a.code != "ResourceExhausted" || a.reason != "REQUEST_TOO_LARGE" || a.meta["limit_bytes"] != "8388608" {
			t.Errorf("%s, over the limit: %+v", name, a)
		}
	}
	if overREST.http != http.StatusRequestEntityTooLarge {
		t.Errorf("REST, over the limit: %d", overREST.http)
	}
	answer := f.raw(t, "POST "+batchPath+" HTTP/1.1\r\nHost: x\r\nAuthorization: "+goodKey+"\r\nTransfer-Encoding: chunked\r\n\r\n"+
		fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body))
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("REST, chunked, over the limit: %d", answer.StatusCode)
	}
}

// TestP18LargeMessageIsNotReadWithoutKey announces a large message and never sends it: only a server that does not wait for it can
// answer.
func TestP18LargeMessageIsNotReadWithoutKey(t *testing.T) {
	refused := rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SCOPE_MISSING, "not yours")
	f := start(t, func(c *Config, _ *settings) {
		inner := c.Authenticate
		c.Authenticate = func(ctx context.Context, method, authorization string) (context.Context, error) {
			if authorization == "Bearer reader" {
				return nil, refused
			}
			return inner(ctx, method, authorization)
		}
	})
	const method = leadmuxv1.LeadService_BatchCreateLeads_FullMethodName
	for name, c := range map[string]struct {
		key    []string
		reason string
	}{
		"no key":    {nil, "UNAUTHENTICATED"},
		"wrong key": {[]string{"Bearer bad"}, "UNAUTHENTICATED"},
		"two keys":  {[]string{goodKey, goodKey}, "UNAUTHENTICATED"},
		"no scope":  {[]string{"Bearer reader"}, "SCOPE_MISSING"},
	} {
		md := metadata.MD{"authorization": c.key}
		ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(t.Context(), md), 10*time.Second)
		stream, err := f.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, method)
		if err != nil {
			t.Fatal(err)
		}
		a := fromStatus(status.Convert(stream.RecvMsg(&leadmuxv1.BatchCreateLeadsResponse{})))
		cancel()
		if a.reason != c.reason {
			t.Errorf("gRPC, %s: %+v", name, a)
		}
	}
	for _, key := range []string{"", "Authorization: Bearer bad\r\n"} {
		res := f.raw(t, "POST "+batchPath+" HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"+key+"\r\n")
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("REST with %q: %d", key, res.StatusCode)
		}
	}
}

// TestP18NothingOverTheLimitIsRead announces messages of that many bytes, with the key, and never sends them: an answer shows that
// the server did not begin to read.
func TestP18NothingOverTheLimitIsRead(t *testing.T) {
	f := start(t)
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	for method, size := range map[string]uint32{
		leadmuxv1.LeadService_CreateLead_FullMethodName:       1<<20 + 1,
		leadmuxv1.LeadService_UpdateLead_FullMethodName:       8 << 20,
		leadmuxv1.LeadService_BatchCreateLeads_FullMethodName: 8<<20 + 1,
	} {
		reader, writer := io.Pipe()
		go func() { _, _ = writer.Write(binary.BigEndian.AppendUint32([]byte{0}, size)) }()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+f.GRPCAddr()+method, reader)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Authorization": {goodKey}}
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		got := res.Header.Get("Grpc-Status") + res.Trailer.Get("Grpc-Status")
		if want := fmt.Sprint(uint32(codes.ResourceExhausted)); got != want {
			t.Errorf("%s: ended with %q, want %s", method, got, want)
		}
		_ = res.Body.Close()
		_ = writer.Close()
		cancel()
	}
}

// wire sends a message's bytes as they are.
type wire struct{ notProto }

func (wire) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*(v.(*[]byte)))}, nil
}

// TestLargeMethodKeepsTheShapeOfErrors: what grpc-go or its codec answers for another method is answered for this one, too.
func TestLargeMethodKeepsTheShapeOfErrors(t *testing.T) {
	f := start(t)
	const method = leadmuxv1.LeadService_BatchCreateLeads_FullMethodName
	two := &grpc.StreamDesc{ClientStreams: true}
	for name, messages := range map[string][][]byte{
		"no message": {}, "two messages": {{}, {}}, "not protobuf": {{0xff, 0xff, 0xff}},
	} {
		stream, err := f.conn.NewStream(withKey(), two, method, grpc.ForceCodecV2(wire{}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range messages {
			_ = stream.SendMsg(&messages[i])
		}
		_ = stream.CloseSend()
		if a := fromStatus(status.Convert(stream.RecvMsg(new(string)))); a.code != "InvalidArgument" || a.reason != "MALFORMED_REQUEST" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	_, err := f.client().BatchCreateLeads(withKey(), &leadmuxv1.BatchCreateLeadsRequest{})
	if a := fromStatus(status.Convert(err)); a.reason != "INVALID_FIELD" || strings.Join(a.fields, "") != "requests" {
		t.Errorf("without items: %+v", a)
	}
	ctx, cancel := context.WithCancel(withKey())
	stream, err := f.conn.NewStream(ctx, two, method)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := stream.RecvMsg(&leadmuxv1.BatchCreateLeadsResponse{}); status.Code(err) != codes.Canceled {
		t.Errorf("a caller who left: %v", err)
	}
	eventually(t, "logged as cancelled", func() bool {
		lines := f.log.lines(t, "request")
		return len(lines) > 0 && lines[len(lines)-1]["code"] == "Canceled"
	})
}

// scripted is a stream with bytes in it.
type scripted struct{ *bytes.Reader }

func (s scripted) ReadMessageHeader(header []byte) error {
	_, err := io.ReadFull(s.Reader, header)
	return err
}

func (s scripted) Read(n int) (mem.BufferSlice, error) {
	data := make([]byte, n)
	_, err := io.ReadFull(s.Reader, data)
	return mem.BufferSlice{mem.SliceBuffer(data)}, err
}

// TestReadLargeRefusesWhatItCannotRead: a compressed message, and one over the limit by a byte.
func TestReadLargeRefusesWhatItCannotRead(t *testing.T) {
	framed := func(flag byte, length int) scripted {
		head := binary.BigEndian.AppendUint32([]byte{flag}, uint32(length))
		return scripted{bytes.NewReader(append(head, make([]byte, length)...))}
	}
	var text []byte
	for name, c := range map[string]struct {
		stream scripted
		want   string
	}{
		"compressed": {framed(1, 10), "MALFORMED_REQUEST"}, "over": {framed(0, 101), "REQUEST_TOO_LARGE"},
	} {
		if a := fromStatus(status.Convert(readLarge(c.stream, &text, 100))); a.reason != c.want {
			t.Errorf("%s: %+v", name, a)
		}
	}
	into := &envelope{into: &leadmuxv1.BatchCreateLeadsRequest{}}
	if err := readLarge(framed(0, 0), into, 100); err != nil || into.err != nil {
		t.Errorf("an empty message: %v %v", err, into.err)
	}
}

// TestBatchAnswerHasStatuses: the status of an item keeps its details on both ways.
func TestBatchAnswerHasStatuses(t *testing.T) {
	f := start(t)
	refusal := rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_EXISTS, "there is one").With("lead_id", leadID).GRPCStatus()
	f.leads.batch = func(context.Context, *leadmuxv1.BatchCreateLeadsRequest) (*leadmuxv1.BatchCreateLeadsResponse, error) {
		return &leadmuxv1.BatchCreateLeadsResponse{Results: []*leadmuxv1.BatchCreateLeadsResult{
			{Result: &leadmuxv1.BatchCreateLeadsResult_Status{Status: refusal.Proto()}},
		}}, nil
	}
	overGRPC, err := f.client().BatchCreateLeads(withKey(), &leadmuxv1.BatchCreateLeadsRequest{
		Requests: []*leadmuxv1.CreateLeadRequest{{Lead: &leadmuxv1.Lead{}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	code, data, _ := f.rest(t, http.MethodPost, batchPath, `{"requests":[{"lead":{}}],"wait":"0s"}`)
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, data)
	}
	overREST := &leadmuxv1.BatchCreateLeadsResponse{}
	if err := protojson.Unmarshal(data, overREST); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	for name, res := range map[string]*leadmuxv1.BatchCreateLeadsResponse{"gRPC": overGRPC, "REST": overREST} {
		a := fromStatus(status.FromProto(res.GetResults()[0].GetStatus()))
		if a.code != "AlreadyExists" || a.reason != "LEAD_EXISTS" || a.meta["lead_id"] != leadID {
			t.Errorf("%s: %+v", name, a)
		}
	}
	a := f.restError(t, http.MethodPost, batchPath, `{"requests":[{"lead":{}}]}`, "Idempotency-Key", "k")
	if a.http != 400 || strings.Join(a.fields, "") != "request_id" {
		t.Errorf("a key that can make no item safe: %+v", a)
	}
}
