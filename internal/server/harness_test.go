package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const (
	goodKey = "Bearer good"
	leadID  = "lead_01h455vb4pex5vsknk084sn02q"
)

// leads answers with what a test sets, else with the zero response.
type leads struct {
	leadmuxv1.UnimplementedLeadServiceServer
	create func(context.Context, *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error)
	get    func(context.Context, *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error)
	list   func(context.Context, *leadmuxv1.ListLeadsRequest) (*leadmuxv1.ListLeadsResponse, error)
	update func(context.Context, *leadmuxv1.UpdateLeadRequest) (*leadmuxv1.UpdateLeadResponse, error)
	batch  func(context.Context, *leadmuxv1.BatchCreateLeadsRequest) (*leadmuxv1.BatchCreateLeadsResponse, error)
}

func (l *leads) CreateLead(ctx context.Context, req *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
	if l.create == nil {
		return &leadmuxv1.CreateLeadResponse{Lead: req.GetLead()}, nil
	}
	return l.create(ctx, req)
}

func (l *leads) GetLead(ctx context.Context, req *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
	if l.get == nil {
		return &leadmuxv1.GetLeadResponse{Lead: &leadmuxv1.Lead{LeadId: req.GetLeadId()}}, nil
	}
	return l.get(ctx, req)
}

func (l *leads) ListLeads(ctx context.Context, req *leadmuxv1.ListLeadsRequest) (*leadmuxv1.ListLeadsResponse, error) {
	if l.list == nil {
		return &leadmuxv1.ListLeadsResponse{}, nil
	}
	return l.list(ctx, req)
}

func (l *leads) UpdateLead(ctx context.Context, req *leadmuxv1.UpdateLeadRequest) (*leadmuxv1.UpdateLeadResponse, error) {
	if l.update == nil {
		return &leadmuxv1.UpdateLeadResponse{Lead: req.GetLead()}, nil
	}
	return l.update(ctx, req)
}

func (l *leads) BatchCreateLeads(ctx context.Context, req *leadmuxv1.BatchCreateLeadsRequest) (*leadmuxv1.BatchCreateLeadsResponse, error) {
	if l.batch == nil {
		return &leadmuxv1.BatchCreateLeadsResponse{}, nil
	}
	return l.batch(ctx, req)
}

type operations struct {
	leadmuxv1.UnimplementedOperationServiceServer
}

type accounts struct {
	leadmuxv1.UnimplementedAccountServiceServer
}

// TestAccount gives the account back; it has no request_id and takes an empty body.
func (accounts) TestAccount(_ context.Context, req *leadmuxv1.TestAccountRequest) (*leadmuxv1.TestAccountResponse, error) {
	return &leadmuxv1.TestAccountResponse{Account: &leadmuxv1.Account{Account: req.GetAccount()}, Ok: true}, nil
}

type callerKey struct{}

func unauthenticated() error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "no valid key")
}

// fixture is a running server and what it left behind.
type fixture struct {
	*Server
	leads *leads
	// settings answers the RPCs with a file.
	settings settingsService
	log      *logBuffer
	stop     context.CancelFunc
	ended    chan error
	conn     *grpc.ClientConn
	http     *http.Client
}

// settle is changed by a test before the server is built.
type settle func(*Config, *settings)

func start(t *testing.T, changes ...settle) *fixture {
	t.Helper()
	f := &fixture{leads: &leads{}, log: &logBuffer{}, ended: make(chan error, 1)}
	cfg := Config{
		HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0",
		Logger:   slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Registry: prometheus.NewRegistry(),
		CheckKey: func(authorization string) error {
			if authorization != goodKey {
				return unauthenticated()
			}
			return nil
		},
		Authenticate: func(ctx context.Context, method, authorization string) (context.Context, error) {
			if strings.HasPrefix(method, "/grpc.") {
				return ctx, nil
			}
			if authorization != goodKey {
				return nil, unauthenticated()
			}
			return context.WithValue(ctx, callerKey{}, "crm"), nil
		},
		Describe: func(ctx context.Context) (string, string) {
			name, _ := ctx.Value(callerKey{}).(string)
			return name, "default"
		},
		DrainTimeout: 5 * time.Second,
	}
	set := defaults()
	for _, change := range changes {
		change(&cfg, &set)
	}
	var err error
	f.Server, err = build(cfg, Services{Leads: f.leads, Accounts: accounts{}, Operations: operations{}, Events: events{}, More: f.more()}, set)
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, f.stop = context.WithCancel(context.Background())
	go func() { f.ended <- f.Run(ctx) }()
	transport := &http.Transport{DisableCompression: true}
	f.http = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	if cfg.TLS == nil {
		f.conn = dial(t, f.GRPCAddr(), insecure.NewCredentials())
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		f.stop()
		select {
		case <-f.ended:
		case <-time.After(20 * time.Second):
			t.Error("Run did not return")
		}
	})
	f.waitServing(t)
	return f
}

func (f *fixture) waitServing(t *testing.T) {
	t.Helper()
	eventually(t, "serving", func() bool { return f.health.up.Load() })
}

// wait returns Run's error once it has returned, and leaves it for the cleanup.
func (f *fixture) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-f.ended:
		f.ended <- err
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("Run did not return")
		return nil
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came true: %s", what)
		}
	}
}

// events answers a watch with one event and, unless it is quiet, one heartbeat, then waits for the end of the stream.
type events struct {
	leadmuxv1.UnimplementedEventServiceServer
}

// WatchEvents shows in the event what it was asked for.
func (events) WatchEvents(req *leadmuxv1.WatchEventsRequest, stream grpc.ServerStreamingServer[leadmuxv1.WatchEventsResponse]) error {
	if req.GetAfter() == "gone" {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_EVENTS_GONE, "gone").With("cursor", "oldest")
	}
	event := &leadmuxv1.Event{EventId: req.GetAfter(), Type: "lead.created", Late: req.GetFromNow(), Cursor: "c1"}
	messages := []*leadmuxv1.WatchEventsResponse{{Event: event, Cursor: "c1"}, {Cursor: "c2"}}
	if req.GetAfter() == "quiet" {
		messages = messages[:1]
	}
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	<-stream.Context().Done()
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN, "stopping").With("cursor", "c3")
}
