package kit_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func TestFaultKinds(t *testing.T) {
	type want struct {
		status int    // of the answer, and of the ledger's entry
		body   string // what the client could read
		broken bool   // the client saw an error
		stored bool
		fault  string
	}
	cases := map[string]struct {
		fault kit.Fault
		want  want
	}{
		"status": {
			kit.Fault{Status: 503, Body: "busy", Header: map[string]string{"Retry-After": "7"}},
			want{503, "busy", false, false, "status 503, header"},
		},
		"status after commit": {
			kit.Fault{Status: 500, After: true},
			want{500, "", false, true, "status 500 after commit"},
		},
		"drop": {
			kit.Fault{Drop: true},
			want{0, "", true, false, "drop"},
		},
		"drop after commit": {
			kit.Fault{Drop: true, After: true},
			want{0, "", true, true, "drop after commit"},
		},
		"truncate": {
			kit.Fault{Truncate: true},
			want{201, `{"id"`, true, true, "truncate"},
		},
		"truncate a status": {
			kit.Fault{Truncate: true, Status: 500, Body: "1234"},
			want{500, "12", true, false, "status 500, truncate"},
		},
		"header only": {
			kit.Fault{Header: map[string]string{"Retry-After": "7"}},
			want{201, `{"id":"x"}`, false, true, "header"},
		},
		"delay": {
			kit.Fault{DelayMS: 30},
			want{201, `{"id":"x"}`, false, true, "delay 30ms"},
		},
		"late answer": {
			kit.Fault{AnswerDelayMS: 30},
			want{201, `{"id":"x"}`, false, true, "answer 30ms late"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if err := r.faults.Add(c.fault); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			status, header, body, err := r.post(t.Context(), "x")
			if took := time.Since(start); took < time.Duration(c.fault.DelayMS+c.fault.AnswerDelayMS)*time.Millisecond {
				t.Errorf("answered after %v", took)
			}
			if (err != nil) != c.want.broken || status != c.want.status || body != c.want.body {
				t.Errorf("answer = %d %q, %v", status, body, err)
			}
			if c.want.broken && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error = %v, want an end of file", err)
			}
			if want := c.fault.Header["Retry-After"]; header.Get("Retry-After") != want {
				t.Errorf("Retry-After = %q, want %q", header.Get("Retry-After"), want)
			}
			if got := r.stored("x"); got != c.want.stored {
				t.Errorf("stored = %v, want %v", got, c.want.stored)
			}
			entry := r.requests()[0]
			if entry.Status != c.want.status || entry.Fault != c.want.fault {
				t.Errorf("entry = %+v", entry)
			}
			if touched := entry.Effect == kit.EffectCreated && entry.Record == "x"; touched != c.want.stored {
				t.Errorf("entry says %q of record %q", entry.Effect, entry.Record)
			}
			if status, _, _, err := r.post(t.Context(), "y"); err != nil || status != 201 {
				t.Errorf("request after the fault = %d, %v", status, err)
			}
		})
	}
}

func TestLateAnswerIsCommittedAtOnce(t *testing.T) {
	r := newRig(t)
	if err := r.faults.Add(kit.Fault{AnswerDelayMS: 60_000}); err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	answered := make(chan error, 1)
	go func() {
		_, _, _, err := r.post(ctx, "x")
		answered <- err
	}()
	eventually(t, "entry in the ledger", func() bool { return len(r.requests()) == 1 })
	if !r.stored("x") {
		t.Error("not stored")
	}
	select {
	case err := <-answered:
		t.Fatalf("answered: %v", err)
	default:
	}
	hangUp()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("client: %v", err)
	}
}

func TestHangUpDuringDelayEndsRequest(t *testing.T) {
	r := newRig(t)
	if err := r.faults.Add(kit.Fault{DelayMS: 60_000}); err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	answered := make(chan error, 1)
	go func() {
		_, _, _, err := r.post(ctx, "x")
		answered <- err
	}()
	eventually(t, "fault taken", func() bool { return len(r.faults.List()) == 0 })
	hangUp()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("client: %v", err)
	}
	eventually(t, "entry in the ledger", func() bool { return len(r.requests()) == 1 })
	if entry := r.requests()[0]; entry.Status != 0 || entry.Effect != "" || r.stored("x") {
		t.Errorf("entry = %+v, stored = %v", entry, r.stored("x"))
	}
}

// A vendor works on when its client is gone: only the answer is lost.
func TestVendorOutlivesClient(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "toy.db"))
	started, gone := make(chan struct{}), make(chan struct{})
	wrapped := kit.Wrap(l, &kit.Faults{}, time.Now, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-gone
		if err := r.Context().Err(); err != nil {
			t.Errorf("the vendor's context has ended: %v", err)
		}
		kit.Touch(r.Context(), "x", kit.EffectCreated)
		w.WriteHeader(http.StatusCreated)
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		context.AfterFunc(r.Context(), func() { close(gone) })
		wrapped.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-started
		hangUp()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("client: %v, %v", res, err)
	}
	var all []kit.Request
	eventually(t, "entry in the ledger", func() bool {
		all, err = l.Requests()
		return err != nil || len(all) == 1
	})
	if err != nil || all[0].Effect != kit.EffectCreated || all[0].Status != http.StatusCreated {
		t.Errorf("entries = %+v, %v", all, err)
	}
}

func TestEntryOfPlainRequest(t *testing.T) {
	r := newRig(t)
	before := time.Now()
	if status, header, body, err := r.post(t.Context(), "x"); err != nil || status != 201 || body != `{"id":"x"}` || header.Get("X-Real") != "yes" {
		t.Fatalf("answer = %d %v %q, %v", status, header, body, err)
	}
	for _, path := range []string{"/base/things?a=b&c=d", "/elsewhere", "/basement", "/b%61se/things"} {
		res, err := http.Post(r.url+path, "text/plain", strings.NewReader("no json"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	all := r.requests()
	if len(all) != 5 {
		t.Fatalf("entries = %+v", all)
	}
	first := all[0]
	if first.Seq != 1 || first.Method != "POST" || first.Path != "/things" || string(first.Body) != `{"id":"x"}` || first.Status != 201 {
		t.Errorf("entry = %+v", first)
	}
	if first.Time.Before(before) || first.Time.After(time.Now()) || first.Time.Location() != time.UTC {
		t.Errorf("time of arrival = %v", first.Time)
	}
	if all[1].Query != "a=b&c=d" || all[1].Body != nil || all[1].Status != 400 {
		t.Errorf("entry = %+v", all[1])
	}
	if all[2].Path != "/elsewhere" || all[2].Status != 404 || all[3].Path != "/basement" {
		t.Errorf("entries outside the base = %+v", all[2:4])
	}
	if all[4].Path != "/things" || all[4].Status != 400 {
		t.Errorf("entry of an escaped base = %+v", all[4])
	}
}

func TestTooLargeBody(t *testing.T) {
	r := newRig(t)
	res, err := http.Post(r.url+"/base/things", "text/plain", io.LimitReader(zeros{}, 32<<20+1))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || r.requests()[0].Status != res.StatusCode {
		t.Errorf("status = %d, entry = %+v", res.StatusCode, r.requests())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
