package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jhump/protoreflect/v2/grpcreflect"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// services are all services of the API.
func services() []protoreflect.ServiceDescriptor {
	var all []protoreflect.ServiceDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage("leadmux.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			all = append(all, file.Services().Get(i))
		}
		return true
	})
	return all
}

// TestEveryRPCNeedsAKeyAndAScope walks every RPC of every service, over gRPC and over every REST route it has: without a key,
// with a wrong one, and with one that lacks the scope.
func TestEveryRPCNeedsAKeyAndAScope(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	walked := 0
	for _, service := range services() {
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			walked++
			t.Run(string(service.Name())+"."+string(method.Name()), func(t *testing.T) { refusedWithout(t, env, method) })
		}
	}
	if walked < 8 {
		t.Errorf("only %d RPCs were walked", walked)
	}
}

var (
	pathVariable = regexp.MustCompile(`\{([a-z_.]+)\}`)
	snake        = regexp.MustCompile(`_[a-z]`)
	idPrefixes   = map[string]string{"lead_id": "lead_", "call_id": "call_", "chat_id": "chat_", "operation_id": "op_",
		"suppression_id": "sup_", "event_id": "evt_", "subscription_id": "sub_"}
)

// onlyPath is a request that has just what the path of a binding needs; what it names does not matter to who is let in.
func onlyPath(rule *annotations.HttpRule) string {
	_, path := harness.VerbAndPath(rule)
	request := map[string]any{}
	for _, variable := range pathVariable.FindAllStringSubmatch(path, -1) {
		within, names := request, strings.Split(variable[1], ".")
		for i, name := range names {
			key := snake.ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[1:]) })
			if i < len(names)-1 {
				deeper, ok := within[key].(map[string]any)
				if !ok {
					deeper = map[string]any{}
					within[key] = deeper
				}
				within = deeper
				continue
			}
			within[key] = "verse"
			if prefix, ok := idPrefixes[name]; ok {
				within[key] = prefix + strings.Repeat("0", 26)
			}
		}
	}
	if body := rule.GetBody(); body != "" && body != "*" {
		key := snake.ReplaceAllStringFunc(body, func(s string) string { return strings.ToUpper(s[1:]) })
		if request[key] == nil {
			request[key] = map[string]any{}
		}
	}
	raw, err := json.Marshal(request)
	if err != nil { // maps and texts can be written
		return "{}"
	}
	return string(raw)
}

func refusedWithout(t *testing.T, env *harness.Env, method protoreflect.MethodDescriptor) {
	t.Helper()
	name := string(method.Parent().Name()) + "." + string(method.Name())
	lacking := harness.KeyReader
	if method.Parent().Name() == "LeadService" {
		lacking = harness.KeyAccounts
	}
	for _, c := range []struct {
		key    string
		code   codes.Code
		status int
		reason string
	}{
		{harness.KeyNone, codes.Unauthenticated, http.StatusUnauthorized, "UNAUTHENTICATED"},
		{harness.KeyWrong, codes.Unauthenticated, http.StatusUnauthorized, "UNAUTHENTICATED"},
		{lacking, codes.PermissionDenied, http.StatusForbidden, "SCOPE_MISSING"},
	} {
		bindings := harness.Bindings(method)
		if len(bindings) == 0 && !method.IsStreamingClient() {
			t.Errorf("%s has no REST route", name)
		}
		for binding := -1; binding < len(bindings); binding++ { // -1 is gRPC
			call := harness.Call{Via: harness.GRPC, Method: name, Body: "{}", Key: c.key}
			status := 0
			if binding >= 0 {
				call.Via, call.Binding, call.Body, status = harness.REST, binding, onlyPath(bindings[binding]), c.status
			}
			answer, err := env.Server.Do(context.Background(), call)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Code != c.code || answer.Status != status || answer.Reason() != c.reason {
				t.Errorf("with key %s over %s (binding %d): %v, HTTP %d, %s", c.key, call.Via, binding, answer.Code, answer.Status, answer.Body)
			}
		}
	}
}

// TestReflectionAndHealth asks what machinery asks: which services there are, and whether they serve.
func TestReflectionAndHealth(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+env.Key(harness.KeyReader))
	client := grpcreflect.NewClientAuto(ctx, env.Server.Conn())
	defer client.Reset()
	listed, err := client.ListServices()
	if err != nil {
		t.Fatal(err)
	}
	want := []protoreflect.FullName{"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"}
	for _, service := range services() {
		want = append(want, service.FullName())
	}
	for _, name := range want {
		if !slices.Contains(listed, name) {
			t.Errorf("reflection does not list %s but %v", name, listed)
		}
	}
	for _, service := range append([]string{""}, "leadmux.v1.LeadService", "leadmux.v1.AccountService", "leadmux.v1.OperationService") {
		health, err := healthv1.NewHealthClient(env.Server.Conn()).Check(context.Background(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || health.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q without a key: %v %v", service, health, err)
		}
	}
	for path, key := range map[string]string{"/healthz": harness.KeyNone, "/openapi.json": harness.KeyNone} {
		answer, err := env.Server.HTTPDo(context.Background(), http.MethodGet, "http://"+env.Server.HTTP+path, nil, key)
		if err != nil || answer.Status != http.StatusOK {
			t.Errorf("GET %s: %v, HTTP %d", path, err, answer.Status)
		}
	}
}

// TestP19Quota uses up a caller's quota of one call.
func TestP19Quota(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			useUpQuota(t, via)
		})
	}
}

func useUpQuota(t *testing.T, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	call := harness.Call{Via: via, Method: "LeadService.ListLeads", Body: "{}", Key: harness.KeySlow}
	for i, want := range []string{"", "QUOTA_EXCEEDED"} {
		answer, err := env.Server.Do(context.Background(), call)
		if err != nil || answer.Reason() != want {
			t.Fatalf("call %d: %v %s", i, err, answer.Body)
		}
		if want == "" {
			continue
		}
		delay := ""
		for _, d := range answer.Refusal().Details {
			delay += d.RetryDelay
		}
		if delay == "" || answer.Code != codes.ResourceExhausted || (via == harness.REST && answer.Status != http.StatusTooManyRequests) {
			t.Errorf("the second call is answered %v, HTTP %d, %s", answer.Code, answer.Status, answer.Body)
		}
	}
}

// TestKeysChangeWhileRunning takes an API key out of the configuration file and puts it back.
func TestKeysChangeWhileRunning(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	answers := func(want codes.Code) {
		t.Helper()
		for _, via := range harness.Vias() {
			harness.Eventually(t, settled, fmt.Sprintf("the key is answered %v over %s", want, via), func() (codes.Code, bool) {
				answer, err := env.Server.Do(context.Background(), harness.Call{Via: via, Method: "LeadService.ListLeads", Body: "{}", Key: harness.KeyReader})
				if err != nil {
					t.Fatal(err)
				}
				return answer.Code, answer.Code == want
			})
		}
	}
	answers(codes.OK)
	env.Revoke(t, harness.KeyReader)
	answers(codes.Unauthenticated)
	env.Revoke(t, "")
	answers(codes.OK)
}
