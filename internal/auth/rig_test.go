package auth_test

import (
	"context"
	"crypto/sha256"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/leadmux/leadmux/internal/auth"
)

// ours is the package whose services need scopes.
const ours = protoreflect.FullName("leadmux.v1")

// key is an API key of the tests with its configuration.
func key(name, secret string, scopes ...string) auth.Key {
	return auth.Key{Name: name, SHA256: sha256.Sum256([]byte(secret)), Tenant: "acme", Scopes: scopes}
}

// rpcs lists every RPC of every service of our package, from the descriptors.
func rpcs() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage(ours, func(fd protoreflect.FileDescriptor) bool {
		for i := range fd.Services().Len() {
			methods := fd.Services().Get(i).Methods()
			for j := range methods.Len() {
				all = append(all, methods.Get(j))
			}
		}
		return true
	})
	return all
}

// path is a method's full name on the wire.
func path(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// rig decides about calls as the server's chain does: the caller first, then its quota.
type rig struct {
	t    *testing.T
	auth *auth.Authenticator
	fn   func(ctx context.Context) error
}

// serve makes a rig; fn gets the context of every call that was let through.
func serve(t *testing.T, a *auth.Authenticator, fn func(ctx context.Context) error) *rig {
	t.Helper()
	return &rig{t: t, auth: a, fn: fn}
}

// call calls a method with the given Authorization header; "" for none.
func (r *rig) call(full, authorization string) error {
	r.t.Helper()
	ctx, err := r.auth.Authenticate(r.t.Context(), full, authorization)
	if err != nil {
		return err
	}
	if err := (auth.Quota{}).Check(ctx); err != nil {
		return err
	}
	return r.fn(ctx)
}

// expect checks the code and the reason of err; code OK needs no reason.
func expect(t *testing.T, what string, err error, code codes.Code, reason string) {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != code {
		t.Errorf("%s: %v, want %v (%v)", what, st.Code(), code, err)
		return
	}
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetReason() == reason {
			return
		}
	}
	if reason != "" {
		t.Errorf("%s: no reason %s in %v", what, reason, st.Details())
	}
}
