package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	spb "google.golang.org/genproto/googleapis/rpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// answer is an error as a caller sees it, whichever way it came.
type answer struct {
	code   string
	reason string
	text   string
	fields []string
	http   int
	header http.Header
	meta   map[string]string
}

func fromStatus(st *status.Status) answer {
	a := answer{code: st.Code().String(), text: st.Message()}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			a.reason, a.meta = d.GetReason(), d.GetMetadata()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				a.fields = append(a.fields, v.GetField())
			}
		}
	}
	return a
}

func withKey(pairs ...string) context.Context {
	return metadata.AppendToOutgoingContext(context.Background(), append([]string{"authorization", goodKey}, pairs...)...)
}

func (f *fixture) client() leadmuxv1.LeadServiceClient { return leadmuxv1.NewLeadServiceClient(f.conn) }

// rest sends a request with the good key unless headers say otherwise, and returns status, body and headers.
func (f *fixture) rest(t *testing.T, method, path, body string, headers ...string) (int, []byte, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+f.HTTPAddr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", goodKey)
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := f.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, data, res.Header
}

// restError is rest for an answer that must be an error in our shape.
func (f *fixture) restError(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	code, data, header := f.rest(t, method, path, body, headers...)
	st := &spb.Status{}
	if err := protojson.Unmarshal(data, st); err != nil {
		t.Fatalf("%s %s: %d %q is not google.rpc.Status: %v", method, path, code, data, err)
	}
	a := fromStatus(status.FromProto(st))
	a.http, a.header = code, header
	return a
}

// logBuffer collects the log's lines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// lines are the records with this message.
func (b *logBuffer) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	dec := json.NewDecoder(strings.NewReader(b.String()))
	for {
		var one map[string]any
		err := dec.Decode(&one)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if one["msg"] == message {
			found = append(found, one)
		}
	}
}

// routeTable is the route table of a running fixture.
func (f *fixture) routeTable() *routes { return f.Server.http.Handler.(*front).routes }

func incoming(ctx context.Context) map[string][]string {
	md, _ := metadata.FromIncomingContext(ctx)
	return md
}
