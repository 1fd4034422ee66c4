package adaptertest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func test(t *testing.T, h Harness) {
	v := h.start(t)
	good, ok := v.adapter().(adapters.Tester)
	if !ok {
		t.Fatal("the adapter is no Tester")
	}
	if err := good.Test(t.Context()); err != nil {
		t.Errorf("test with good credentials: %v", err)
	}
	err := h.NewBad(t, v.base).(adapters.Tester).Test(t.Context())
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.KindCredentials {
		t.Errorf("test with bad credentials: got %v, want kind %s", err, adapters.KindCredentials)
	}
	v.wantRecords(0)
}

func (s suite) wrongCredentials(t *testing.T) {
	tr := s.begin(t)
	_, err := tr.send(t.Context(), s.NewBad(t, tr.base), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindCredentials, false})
	refused := 0
	for _, r := range tr.sent() {
		if r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("the vendor refused %d requests, want exactly one", refused)
	}
	tr.wantUndone()
}

func (s suite) vendorDown(t *testing.T) {
	tr := s.begin(t)
	down := s.New(t, "http://"+refusedAddress(t)+tr.box.BasePath)
	_, err := tr.send(t.Context(), down, s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindUnavailable, false})
}

func (s suite) slow(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Count: -1, AnswerDelayMS: 60_000})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := tr.send(ctx, tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindTimeout, true})
}

func (s suite) cancelledBefore(t *testing.T) {
	tr := s.begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tr.send(ctx, tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindUnavailable, false})
	if sent := len(tr.sent()); sent != 0 {
		t.Errorf("%d requests reached the vendor, want none", sent)
	}
}

func (s suite) cancelledUnderWay(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Count: -1, DelayMS: 60_000})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for {
			select {
			case method := <-tr.arrived:
				if method == tr.method {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	_, err := tr.send(ctx, tr.adapter(), s.rpc, tr.in)
	e := tr.wantFailure(err, failure{adapters.KindUnavailable, true})
	if !errors.Is(e, context.Canceled) {
		t.Errorf("got %v, want an error that is context.Canceled", e)
	}
	tr.server.Close() // waits for the request to end
	tr.wantUndone()
}

func (s suite) rateLimited(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Count: -1, Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "7"}})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	e := tr.wantFailure(err, failure{adapters.KindRateLimited, false})
	if e.RetryAfter != 7*time.Second {
		t.Errorf("got retry after %s, want 7s", e.RetryAfter)
	}
	if sent := tr.writes(); sent != 1 {
		t.Errorf("%d requests reached the vendor, want one", sent)
	}
}

// notFound: a 404 on a first attempt is a failure, of the path or of the lead; which of them, the vendor's documents decide.
func (s suite) notFound(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Count: -1, Status: http.StatusNotFound, Body: `{"message":"no such thing"}`})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	kind := adapters.KindNotFound
	if e, ok := errors.AsType[*adapters.Error](err); ok && (e.Kind == adapters.KindRouteUnknown || e.Kind == adapters.KindRouteDoubted) {
		kind = e.Kind
	}
	tr.wantFailure(err, failure{kind, false})
	tr.wantUndone()
}

func (s suite) faultBefore(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Count: -1, Status: http.StatusInternalServerError})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	e := tr.wantFailure(err, failure{adapters.KindUnavailable, true})
	if e.Status != http.StatusInternalServerError {
		t.Errorf("got status %d, want 500", e.Status)
	}
	if sent := tr.writes(); sent != 1 {
		t.Errorf("%d requests reached the vendor, want one: an adapter repeats no write", sent)
	}
	tr.wantUndone()
}

func (s suite) faultAfter(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{After: true, Status: http.StatusBadGateway, Body: "<html>bad gateway</html>"})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindUnavailable, true})
	tr.wantDone()
}

func (s suite) dropped(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{After: true, Drop: true})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindUnavailable, true})
	tr.wantDone()
}

func (s suite) truncated(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Truncate: true})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindBadAnswer, true})
	tr.wantDone()
}

// refusedInPart: a refusal that broke off may have said anything; it is no word on the lead, and nothing was done.
func (s suite) refusedInPart(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity} {
		tr := s.begin(t)
		tr.faultWrite(kit.Fault{Count: -1, Status: status, Truncate: true, Body: `{"message":"Resource Not Found"}`})
		_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
		tr.wantFailure(err, failure{adapters.KindBadAnswer, false})
		tr.wantUndone()
	}
}

// repeated does the RPC again, with Recheck, after the answer to the first was lost. A vendor with a key of ours takes a
// created lead as the same, another one refuses it; none has it twice. Whatever else is so already is success.
func (s suite) repeated(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{After: true, Drop: true})
	a := tr.adapter()
	_, err := tr.send(t.Context(), a, s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindUnavailable, true})
	tr.in.Recheck = true
	_, err = tr.send(t.Context(), a, s.rpc, tr.in)
	switch {
	case err != nil && s.rpc == createLead:
		tr.wantFailure(err, failure{adapters.KindConflict, false})
	case err != nil:
		t.Errorf("%s again: %v", s.rpc, err)
	}
	tr.wantDone()
}

func (s suite) html(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{
		Count: -1, Status: http.StatusOK, Body: "<html><body>It works!</body></html>",
		Header: map[string]string{"Content-Type": "text/html"},
	})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindBadAnswer, true})
}

func (s suite) tooLong(t *testing.T) {
	tr := s.begin(t)
	tr.faultWrite(kit.Fault{Count: -1, Status: http.StatusOK, Body: `{"id":"1","pad":"` + strings.Repeat("x", 2<<20) + `"}`})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindBadAnswer, true})
}

// redirect proves that neither credentials nor a person follow a vendor's redirect.
func (s suite) redirect(t *testing.T) {
	tr := s.begin(t)
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	tr.faultWrite(kit.Fault{
		Count: -1, Status: http.StatusTemporaryRedirect, Header: map[string]string{"Location": elsewhere.URL + "/elsewhere"},
	})
	_, err := tr.send(t.Context(), tr.adapter(), s.rpc, tr.in)
	tr.wantFailure(err, failure{adapters.KindUnknown, false})
	if followed.Load() != 0 {
		t.Error("the redirect was followed")
	}
}
