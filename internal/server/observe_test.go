package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

const getLead = "/leadmux.v1.LeadService/GetLead"

// TestOneLineARequest: who, what, how it ended, and nothing else, exactly once, however the request ended.
func TestOneLineARequest(t *testing.T) {
	f := start(t)
	for name, c := range map[string]struct {
		send                                     func(id string)
		method, code, reason, principal, carrier string
	}{
		"gRPC": {func(id string) {
			_, _ = f.client().GetLead(withKey("x-request-id", id), &leadmuxv1.GetLeadRequest{LeadId: leadID})
		}, getLead, "OK", "", "crm", "grpc"},
		"REST":      {func(id string) { f.rest(t, "GET", "/v1/leads/"+leadID, "", "X-Request-Id", id) }, getLead, "OK", "", "crm", "rest"},
		"invalid":   {func(id string) { f.rest(t, "GET", "/v1/leads/4155550142", "", "X-Request-Id", id) }, getLead, "InvalidArgument", "INVALID_FIELD", "crm", "rest"},
		"malformed": {func(id string) { f.rest(t, "GET", "/v1/leads?phone=4155550142", "", "X-Request-Id", id) }, "/leadmux.v1.LeadService/ListLeads", "InvalidArgument", "MALFORMED_REQUEST", "", "rest"},
		"no key":    {func(id string) { f.rest(t, "GET", "/v1/leads/"+leadID, "", "X-Request-Id", id, "Authorization", "") }, getLead, "Unauthenticated", "UNAUTHENTICATED", "", "rest"},
		"no path":   {func(id string) { f.rest(t, "GET", "/v1/4155550142", "", "X-Request-Id", id) }, "unknown", "NotFound", "NO_SUCH_METHOD", "", "rest"},
		"outside":   {func(id string) { f.rest(t, "GET", "/4155550142", "", "X-Request-Id", id) }, "unknown", "404", "NO_SUCH_METHOD", "", "http"},
		"health":    {func(id string) { f.rest(t, "GET", "/healthz", "", "X-Request-Id", id) }, "/healthz", "200", "", "", "http"},
		"docs":      {func(id string) { f.rest(t, "GET", "/docs", "", "X-Request-Id", id) }, "/docs", "200", "", "", "http"},
		"unknown RPC": {func(id string) {
			_ = f.conn.Invoke(withKey("x-request-id", id), "/leadmux.v1.LeadService/4155550142", &emptypb.Empty{}, &emptypb.Empty{})
		}, "unknown", "Unimplemented", "NO_SUCH_METHOD", "", "grpc"},
		"gRPC health": {func(id string) {
			_, _ = healthv1.NewHealthClient(f.conn).Check(metadata.AppendToOutgoingContext(context.Background(), "x-request-id", id), &healthv1.HealthCheckRequest{})
		}, "/grpc.health.v1.Health/Check", "OK", "", "", "grpc"},
	} {
		id := "id-" + strings.ReplaceAll(name, " ", "-")
		c.send(id)
		find := func() (found []map[string]any) {
			for _, l := range f.log.lines(t, "request") {
				if l["request_id"] == id {
					found = append(found, l)
				}
			}
			return found
		}
		eventually(t, name+" is logged", func() bool { return len(find()) > 0 })
		lines := find()
		l := lines[0]
		if len(lines) != 1 {
			t.Errorf("%s: %d lines", name, len(lines))
		}
		if l["method"] != c.method || l["code"] != c.code || l["reason"] != c.reason || l["principal"] != c.principal || l["transport"] != c.carrier {
			t.Errorf("%s: the line is %v", name, l)
		}
		if peer, _ := l["peer"].(string); !strings.HasPrefix(peer, "127.0.0.1:") {
			t.Errorf("%s: the peer is %q", name, peer)
		}
		if took, ok := l["duration_ms"].(float64); !ok || took < 0 {
			t.Errorf("%s: duration_ms is %v", name, l["duration_ms"])
		}
		if probe := name == "health" || name == "gRPC health"; (l["level"] == slog.LevelDebug.String()) != probe {
			t.Errorf("%s: logged at %v", name, l["level"])
		}
	}
	for _, hidden := range []string{"4155550142", "Bearer", "good"} {
		if strings.Contains(f.log.String(), hidden) {
			t.Errorf("the log has %q", hidden)
		}
	}
	metrics := f.metrics(t)
	for _, want := range []string{
		`leadmux_requests_total{code="OK",method="` + getLead + `",transport="grpc"} 1`,
		`leadmux_requests_total{code="OK",method="` + getLead + `",transport="rest"} 1`,
		`leadmux_requests_total{code="Unauthenticated",method="` + getLead + `",transport="rest"} 1`,
		`leadmux_requests_total{code="Unimplemented",method="unknown",transport="grpc"} 1`,
		`leadmux_request_duration_seconds_count{method="` + getLead + `",transport="grpc"} 1`,
		`leadmux_requests_in_flight{transport="rest"} 0`,
		"go_goroutines ", "process_open_fds ", `leadmux_build_info{version=""} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(metrics, "4155550142") {
		t.Error("a caller's path became a metric label")
	}
}

func (f *fixture) metrics(t *testing.T) string {
	t.Helper()
	res, err := f.http.Get("http://" + f.AdminAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestRequestID: a well-formed one is kept, any other replaced; the caller is told; the service sees the true peer.
func TestRequestID(t *testing.T) {
	f := start(t)
	peers := make(chan string, 1)
	f.leads.get = func(ctx context.Context, _ *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
		p, _ := peer.FromContext(ctx)
		peers <- p.Addr.String()
		return &leadmuxv1.GetLeadResponse{}, nil
	}
	for _, c := range []struct {
		id   string
		kept bool
	}{{"abc-123", true}, {"a b", false}, {strings.Repeat("x", 129), false}, {"", false}} {
		var header metadata.MD
		ctx := withKey()
		if c.id != "" {
			ctx = withKey("x-request-id", c.id)
		}
		if _, err := f.client().GetLead(ctx, &leadmuxv1.GetLeadRequest{LeadId: leadID}, grpc.Header(&header)); err != nil {
			t.Fatal(status.Convert(err))
		}
		overGRPC := header.Get("x-request-id")
		<-peers
		_, _, restHeader := f.rest(t, http.MethodGet, "/v1/leads/"+leadID, "", "X-Request-Id", c.id)
		if p := <-peers; !strings.HasPrefix(p, "127.0.0.1:") {
			t.Errorf("REST: the service's peer is %q", p)
		}
		for transport, got := range map[string][]string{"gRPC": overGRPC, "REST": restHeader.Values("X-Request-Id")} {
			if len(got) != 1 || got[0] == "" || (got[0] == c.id) != c.kept {
				t.Errorf("%s: %q came back as %q", transport, c.id, got)
			}
		}
	}
}
