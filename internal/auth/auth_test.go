package auth_test

import (
	"context"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/leadmux/leadmux/internal/auth"
)

// allScopes are the scopes of the table.
func allScopes() []string {
	return slices.Compact(slices.Sorted(maps.Values(auth.Scopes)))
}

func TestP20EveryRPCHasAScopeAndNothingElseHas(t *testing.T) {
	declared := map[string]bool{}
	for _, m := range rpcs() {
		declared[path(m)] = true
		if auth.Scopes[path(m)] == "" {
			t.Errorf("%s has no scope", path(m))
		}
	}
	if len(declared) == 0 {
		t.Fatal("no RPC was found")
	}
	for full := range auth.Scopes {
		if !declared[full] {
			t.Errorf("the table has %s, which is no RPC", full)
		}
	}
	for _, full := range append(slices.Clone(auth.Public), auth.Reflection...) {
		if strings.HasPrefix(full, "/leadmux.") {
			t.Errorf("%s is public", full)
		}
	}
}

func TestP20EveryRPCByEveryKindOfKey(t *testing.T) {
	var keys []auth.Key
	for _, scope := range allScopes() {
		others := slices.DeleteFunc(allScopes(), func(s string) bool { return s == scope })
		keys = append(keys, key("only-"+scope, "key of "+scope, scope), key("not-"+scope, "key without "+scope, others...))
	}
	keys = append(keys, key("none", "key of nothing"), key("all", "key of everything", "*"))
	var caller auth.Principal
	r := serve(t, auth.New(auth.Config{Keys: auth.NewKeys(keys)}), func(ctx context.Context) error {
		caller, _ = auth.From(ctx)
		return nil
	})
	for full, scope := range auth.Scopes {
		expect(t, full+" without key", r.call(full, ""), codes.Unauthenticated, "UNAUTHENTICATED")
		expect(t, full+" with a bad key", r.call(full, "Bearer guessed"), codes.Unauthenticated, "UNAUTHENTICATED")
		expect(t, full+" with a hash for a key", r.call(full, "Bearer "+hex.EncodeToString(keys[0].SHA256[:])), codes.Unauthenticated, "UNAUTHENTICATED")
		expect(t, full+" without scope", r.call(full, "Bearer key without "+scope), codes.PermissionDenied, "SCOPE_MISSING")
		expect(t, full+" without any scope", r.call(full, "Bearer key of nothing"), codes.PermissionDenied, "SCOPE_MISSING")
		if caller.Name != "" {
			t.Fatalf("%s: a refused call reached the handler as %+v", full, caller)
		}
		expect(t, full+" with scope", r.call(full, "Bearer key of "+scope), codes.OK, "")
		if caller.Name != "only-"+scope || caller.Tenant != "acme" {
			t.Errorf("%s: called by %+v", full, caller)
		}
		expect(t, full+" with *", r.call(full, "bearer  key of everything "), codes.OK, "")
		if caller.Name != "all" {
			t.Errorf("%s: called by %+v", full, caller)
		}
		caller = auth.Principal{}
	}
}

func TestP20AMethodWithoutScopeIsRefusedEvenToEverything(t *testing.T) {
	keys := auth.NewKeys([]auth.Key{key("all", "k", "*")})
	for _, a := range []*auth.Authenticator{auth.New(auth.Config{Keys: keys}), auth.New(auth.Config{Keys: auth.NewKeys(nil), Anonymous: true})} {
		r := serve(t, a, func(context.Context) error { t.Error("an undeclared method was called"); return nil })
		expect(t, "undeclared", r.call("/leadmux.v1.Undeclared/Do", "Bearer k"), codes.PermissionDenied, "SCOPE_MISSING")
		if _, err := a.Authenticate(t.Context(), "leadmux.v1.LeadService/GetLead", "Bearer k"); err == nil {
			t.Error("a path without its slash passed")
		}
	}
}

func TestHealthIsPublicAndReflectionWhereConfigured(t *testing.T) {
	for _, open := range []bool{false, true} {
		a := auth.New(auth.Config{Keys: auth.NewKeys([]auth.Key{key("all", "k", "*")}), Reflection: open})
		r := serve(t, a, func(context.Context) error { return nil })
		expect(t, "health", r.call(grpc_health_v1.Health_Check_FullMethodName, "Bearer wrong"), codes.OK, "")
		want := codes.Unauthenticated
		if open {
			want = codes.OK
		}
		for _, full := range auth.Reflection {
			if _, err := a.Authenticate(t.Context(), full, ""); status.Code(err) != want {
				t.Errorf("%s, open %v: %v", full, open, err)
			}
		}
	}
}

func TestHeadersThatHoldNoKey(t *testing.T) {
	const secret = "swordfish-in-a-header"
	r := serve(t, auth.New(auth.Config{Keys: auth.NewKeys([]auth.Key{key("all", secret, "*")})}), func(context.Context) error { return nil })
	const full = "/leadmux.v1.LeadService/GetLead"
	for _, header := range []string{"", secret, "Bearer", "Bearer ", "Basic " + secret, "Bearer " + secret + "x"} {
		err := r.call(full, header)
		expect(t, header, err, codes.Unauthenticated, "UNAUTHENTICATED")
		text := status.Convert(err).Message()
		if strings.Contains(text, secret) {
			t.Errorf("the answer repeats the key: %s", text)
		}
		if !strings.Contains(text, "Authorization: Bearer <API key>") {
			t.Errorf("the answer does not say how to send a key: %s", text)
		}
	}
	expect(t, "the key", r.call(full, "Bearer "+secret), codes.OK, "")
}

func TestSandboxNeedsNoKey(t *testing.T) {
	var caller auth.Principal
	keys := auth.NewKeys(nil)
	r := serve(t, auth.New(auth.Config{Keys: keys, Anonymous: true}), func(ctx context.Context) error {
		caller, _ = auth.From(ctx)
		return nil
	})
	for _, header := range []string{"", "Bearer whatever", "Basic b"} {
		expect(t, "sandbox", r.call("/leadmux.v1.LeadService/CreateLead", header), codes.OK, "")
		if caller.Name != "sandbox" || caller.Tenant != auth.DefaultTenant || !caller.May("verse") {
			t.Errorf("called by %+v", caller)
		}
	}
	keys.Replace([]auth.Key{key("crm", "k", "*")})
	expect(t, "with keys, anonymous", r.call("/leadmux.v1.LeadService/CreateLead", ""), codes.Unauthenticated, "UNAUTHENTICATED")
}

func TestCheckKeyAsksForAnyValidKey(t *testing.T) {
	a := auth.New(auth.Config{Keys: auth.NewKeys([]auth.Key{key("none", "k")})})
	if err := a.CheckKey("Bearer k"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "k", "Bearer j"} {
		if err := a.CheckKey(bad); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := auth.New(auth.Config{Keys: auth.NewKeys(nil), Anonymous: true}).CheckKey(""); err != nil {
		t.Error(err)
	}
}

func TestMay(t *testing.T) {
	if p := (auth.Principal{Accounts: []string{"a"}}); !p.May("a") || p.May("b") {
		t.Error("the list of accounts does not hold")
	}
	if !(auth.Principal{}).May("b") {
		t.Error("no list must mean every account")
	}
	if _, ok := auth.From(t.Context()); ok {
		t.Error("a context without caller has one")
	}
}
