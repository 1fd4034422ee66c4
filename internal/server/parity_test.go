package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// TestErrorsAreTheSameEverywhere sends one and the same request by gRPC and by REST and expects one and the same error.
func TestErrorsAreTheSameEverywhere(t *testing.T) {
	f := start(t, func(c *Config, _ *settings) {
		c.Limit = func(ctx context.Context) error {
			md, _ := metadata.FromIncomingContext(ctx)
			if slices.Contains(md.Get("idempotency-key"), "over-quota") {
				return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED, "too many").Retry(1500 * time.Millisecond)
			}
			return nil
		}
	})
	secret := errors.New("dsn=postgres://user:pass@host")
	f.leads.create = func(_ context.Context, req *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		switch req.GetLead().GetFirstName() {
		case "panic":
			panic("Ada Byron") //nolint:forbidigo // the test is about panics
		case "secret":
			return nil, secret
		case "vendor":
			return nil, &adapters.Error{Vendor: "verse", Op: "CreateLead", Kind: adapters.KindRateLimited, RetryAfter: 2 * time.Second}
		case "exists":
			return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_EXISTS, "there is one").With("lead_id", leadID)
		case "unimplemented":
			return leadmuxv1.UnimplementedLeadServiceServer{}.CreateLead(context.Background(), req)
		}
		return &leadmuxv1.CreateLeadResponse{Lead: req.GetLead()}, nil
	}
	named := func(name string) *leadmuxv1.CreateLeadRequest {
		return &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{FirstName: name}}
	}
	long := strings.Repeat("n", 201)
	for name, c := range map[string]struct {
		req    *leadmuxv1.CreateLeadRequest
		key    string // Authorization
		idem   string // Idempotency-Key
		code   string
		reason string
		http   int
		fields []string
	}{
		"no key":          {req: named("ok"), code: "Unauthenticated", reason: "UNAUTHENTICATED", http: 401},
		"wrong key":       {req: named("ok"), key: "Bearer bad", code: "Unauthenticated", reason: "UNAUTHENTICATED", http: 401},
		"over quota":      {req: named("ok"), key: goodKey, idem: "over-quota", code: "ResourceExhausted", reason: "QUOTA_EXCEEDED", http: 429},
		"panic":           {req: named("panic"), key: goodKey, code: "Internal", reason: "INTERNAL", http: 500},
		"unforeseen":      {req: named("secret"), key: goodKey, code: "Internal", reason: "INTERNAL", http: 500},
		"vendor":          {req: named("vendor"), key: goodKey, code: "ResourceExhausted", reason: "VENDOR_RATE_LIMITED", http: 429},
		"deliberate":      {req: named("exists"), key: goodKey, code: "AlreadyExists", reason: "LEAD_EXISTS", http: 409},
		"unimplemented":   {req: named("unimplemented"), key: goodKey, code: "Unimplemented", reason: "NO_SUCH_METHOD", http: 404},
		"too long":        {req: named(long), key: goodKey, code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"lead.first_name"}},
		"required":        {req: &leadmuxv1.CreateLeadRequest{}, key: goodKey, code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"lead"}},
		"two ids":         {req: &leadmuxv1.CreateLeadRequest{RequestId: "a", Lead: &leadmuxv1.Lead{}}, key: goodKey, idem: "b", code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"request_id"}},
		"blank in key":    {req: named("ok"), key: goodKey, idem: "a b", code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"request_id"}},
		"key is too long": {req: named("ok"), key: goodKey, idem: strings.Repeat("k", 129), code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"request_id"}},
		"second of list":  {req: &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Tags: []string{"a", "", "b"}}}, key: goodKey, code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"lead.tags[1]"}},
		"map key":         {req: &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Attributes: map[string]string{strings.Repeat("k", 65): ""}}}, key: goodKey, code: "InvalidArgument", reason: "INVALID_FIELD", http: 400, fields: []string{"lead.attributes"}},
	} {
		t.Run(name, func(t *testing.T) {
			var pairs []string
			headers := []string{"Authorization", ""}
			if c.key != "" {
				pairs, headers = append(pairs, "authorization", c.key), append(headers, "Authorization", c.key)
			}
			if c.idem != "" {
				pairs, headers = append(pairs, "idempotency-key", c.idem), append(headers, "Idempotency-Key", c.idem)
			}
			_, err := f.client().CreateLead(metadata.AppendToOutgoingContext(context.Background(), pairs...), c.req)
			body, merr := protojson.Marshal(c.req)
			if merr != nil {
				t.Fatal(merr)
			}
			overREST := f.restError(t, http.MethodPost, "/v1/leads", string(body), headers...)
			if overREST.http != c.http {
				t.Errorf("HTTP status is %d, want %d", overREST.http, c.http)
			}
			for transport, got := range map[string]answer{"gRPC": fromStatus(status.Convert(err)), "REST": overREST} {
				if got.code != c.code || got.reason != c.reason || !slices.Equal(got.fields, c.fields) {
					t.Errorf("%s: got %s %s %v (%s), want %s %s %v", transport, got.code, got.reason, got.fields, got.text, c.code, c.reason, c.fields)
				}
				for _, hidden := range []string{secret.Error(), "Ada", long, "kkkkkkkkkk"} {
					if strings.Contains(got.text, hidden) {
						t.Errorf("%s: the error tells a value: %s", transport, got.text)
					}
				}
			}
		})
	}
	for _, hidden := range []string{"Ada Byron", long} {
		if strings.Contains(f.log.String(), hidden) {
			t.Errorf("the log has a personal value: %q", hidden)
		}
	}
	if len(f.log.lines(t, "panic")) != 2 || !strings.Contains(f.log.lines(t, "panic")[0]["stack"].(string), "parity_test.go") {
		t.Error("the log has no stack for each of two panics")
	}
	a := f.restError(t, http.MethodPost, "/v1/leads", `{"lead":{"firstName":"x"}}`, "Idempotency-Key", "over-quota")
	if a.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After is %q, want 2 (1.5 s rounded up)", a.header.Get("Retry-After"))
	}
}

// TestIdempotencyKeyIsRequestID covers the header and the gRPC metadata, with and without quotes.
func TestIdempotencyKeyIsRequestID(t *testing.T) {
	f := start(t)
	seen := make(chan string, 1)
	f.leads.create = func(_ context.Context, req *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		seen <- req.GetRequestId()
		return &leadmuxv1.CreateLeadResponse{}, nil
	}
	for _, c := range []struct{ header, inBody, want string }{
		{"abc", "", "abc"}, {`"abc"`, "", "abc"}, {"abc", "abc", "abc"}, {"", "abc", "abc"}, {"", "", ""},
	} {
		var pairs []string
		if c.header != "" {
			pairs = []string{"idempotency-key", c.header}
		}
		req := &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{}, RequestId: c.inBody}
		if _, err := f.client().CreateLead(withKey(pairs...), req); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != c.want {
			t.Errorf("gRPC with %q and %q: request_id is %q, want %q", c.header, c.inBody, got, c.want)
		}
		code, data, _ := f.rest(t, http.MethodPost, "/v1/leads", `{"lead":{},"requestId":"`+c.inBody+`"}`, "Idempotency-Key", c.header)
		if code != http.StatusOK {
			t.Fatalf("%d %s", code, data)
		}
		if got := <-seen; got != c.want {
			t.Errorf("REST with %q and %q: requestId is %q, want %q", c.header, c.inBody, got, c.want)
		}
	}
	if _, err := f.client().GetLead(withKey("idempotency-key", "abc"), &leadmuxv1.GetLeadRequest{LeadId: leadID}); err != nil {
		t.Errorf("a read with a key: %v", err)
	}
	if code, data, _ := f.rest(t, http.MethodPost, "/v1/accounts/a:test", "", "Idempotency-Key", "abc"); code != http.StatusOK {
		t.Errorf("a write without request_id: %d %s", code, data)
	}
	if a := f.restError(t, http.MethodPost, "/v1/leads", `{"lead":{}}`, "Idempotency-Key", "schlüssel"); a.http != 400 || !slices.Equal(a.fields, []string{"request_id"}) {
		t.Errorf("a key that the gateway would drop was not refused: %+v", a)
	}
}
