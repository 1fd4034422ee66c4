package auth_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leadmux/leadmux/internal/auth"
)

const getLead = "/leadmux.v1.LeadService/GetLead"

func TestP22AWithdrawnKeyIsRefusedAtOnceAndTwoLiveForRotation(t *testing.T) {
	keys := auth.NewKeys([]auth.Key{key("crm", "old", "*")})
	r := serve(t, auth.New(auth.Config{Keys: keys}), func(context.Context) error { return nil })
	expect(t, "old", r.call(getLead, "Bearer old"), codes.OK, "")
	expect(t, "new before", r.call(getLead, "Bearer new"), codes.Unauthenticated, "UNAUTHENTICATED")

	keys.Replace([]auth.Key{key("crm", "old", "*"), key("crm-2", "new", "*")})
	expect(t, "old during", r.call(getLead, "Bearer old"), codes.OK, "")
	expect(t, "new during", r.call(getLead, "Bearer new"), codes.OK, "")

	keys.Replace([]auth.Key{key("crm-2", "new", "*")})
	expect(t, "old after", r.call(getLead, "Bearer old"), codes.Unauthenticated, "UNAUTHENTICATED")
	expect(t, "new after", r.call(getLead, "Bearer new"), codes.OK, "")
}

// watch authenticates a caller and returns a channel that is closed when its key goes.
func watch(t *testing.T, keys *auth.Keys, secret string) (gone <-chan struct{}, stop func() bool) {
	t.Helper()
	ctx, err := auth.New(auth.Config{Keys: keys}).Authenticate(t.Context(), getLead, "Bearer "+secret)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	return closed, auth.Withdrawn(ctx, func() { close(closed) })
}

func TestP22AWithdrawnKeyEndsWhatItsCallerHasOpen(t *testing.T) {
	keys := auth.NewKeys([]auth.Key{key("crm", "k", "*"), key("other", "o", "*"), key("left", "l", "*")})
	kept, _ := watch(t, keys, "k")
	withdrawn, _ := watch(t, keys, "o")
	left, stop := watch(t, keys, "l")
	if !stop() {
		t.Error("a watch could not be ended")
	}
	keys.Replace([]auth.Key{key("crm", "k", "*")}) // crm is as it was
	expectGone(t, "withdrawn", withdrawn)
	narrowed := key("crm", "k", "leads.read")
	select {
	case <-kept:
		t.Error("an unchanged key ended what its caller has open")
	default:
	}
	keys.Replace([]auth.Key{narrowed})
	expectGone(t, "changed", kept)
	select {
	case <-left:
		t.Error("an ended watch was called")
	default:
	}
}

func expectGone(t *testing.T, what string, gone <-chan struct{}) {
	t.Helper()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: nobody was told", what)
	}
}

func TestP22WithdrawnBeforeTheWatchAndWithoutKey(t *testing.T) {
	keys := auth.NewKeys([]auth.Key{key("crm", "k", "*")})
	ctx, err := auth.New(auth.Config{Keys: keys}).Authenticate(t.Context(), getLead, "Bearer k")
	if err != nil {
		t.Fatal(err)
	}
	keys.Replace(nil)
	late := make(chan struct{})
	auth.Withdrawn(ctx, func() { close(late) })
	expectGone(t, "late", late)
	sandbox, err := auth.New(auth.Config{Keys: keys, Anonymous: true}).Authenticate(t.Context(), getLead, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, ctx := range map[string]context.Context{"public": t.Context(), "sandbox": sandbox} {
		if stop := auth.Withdrawn(ctx, func() { t.Errorf("%s: it has no key to lose", name) }); stop() {
			t.Errorf("%s: a watch was ended that never was", name)
		}
	}
}

func TestQuotaRefusesWithTheTimeToWait(t *testing.T) {
	slow := key("slow", "slow", "*")
	slow.RatePerSecond, slow.Burst = 0.01, 3
	keys := auth.NewKeys([]auth.Key{slow, key("free", "free", "*")})
	r := serve(t, auth.New(auth.Config{Keys: keys}), func(context.Context) error { return nil })
	for range 3 {
		expect(t, "within the burst", r.call(getLead, "Bearer slow"), codes.OK, "")
	}
	for range 3 { // refused calls take nothing: the wait does not grow
		err := r.call(getLead, "Bearer slow")
		expect(t, "beyond the burst", err, codes.ResourceExhausted, "QUOTA_EXCEEDED")
		if wait := retryDelay(err); wait <= 0 || wait > 100*time.Second {
			t.Errorf("retry after %s", wait)
		}
	}
	for range 50 {
		expect(t, "another key", r.call(getLead, "Bearer free"), codes.OK, "")
	}
	slow.Scopes = []string{"leads.read"}
	keys.Replace([]auth.Key{slow})
	expect(t, "after a reload", r.call(getLead, "Bearer slow"), codes.ResourceExhausted, "QUOTA_EXCEEDED")
}

func retryDelay(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

func TestKeysMayBeReplacedWhileCallsRun(t *testing.T) {
	keys := auth.NewKeys([]auth.Key{key("a", "k", "*")})
	a := auth.New(auth.Config{Keys: keys})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				if _, err := a.Authenticate(t.Context(), getLead, "Bearer k"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		keys.Replace([]auth.Key{key("b", "other", "*"), key("a", "k", "*")})
		keys.Replace([]auth.Key{key("a", "k", "leads.read")})
	}
	all.Wait()
}
