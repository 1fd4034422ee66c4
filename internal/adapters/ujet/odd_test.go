package ujet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// oddValues are what may come where a document shows something else.
var oddValues = []string{`null`, `true`, `-1`, `1e999`, `9999999999999999999999`, `""`, `"\ud800"`, `"x"`, `[]`, `{}`, `[null, {"a": 1}, "x"]`, `{"id": {"id": []}}`}

// TestOddAnswers puts an odd value in the place of each value of each answer that the fixtures hold, and further keys beside: the
// answer is still read, into a reply that can be sent.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	var answer atomic.Pointer[[]byte]
	var status atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write(*answer.Load())
	}))
	t.Cleanup(server.Close)
	a := mustNew(t, ujet.Config{
		Account: "support", Subdomain: "customer", Token: "t", BaseURL: server.URL, Line: vendorhttp.NewLine(vendorhttp.LineConfig{}),
	})
	tried := 0
	for _, f := range adaptertest.Forwards(t, "testdata/forward") {
		if f.Error != nil || len(f.Exchanges) != 1 || len(f.Exchanges[0].Response.Body) == 0 {
			continue
		}
		status.Store(int64(f.Exchanges[0].Response.Status))
		request, method := adaptertest.Message(t, f.Method(t).Input(), f.Request), f.Method(t)
		for at, body := range withOddValues(t, f.Exchanges[0].Response.Body) {
			answer.Store(&body)
			got := adaptertest.Message(t, method.Output(), nil)
			if _, err := a.Forward(context.Background(), f.RPC, request, got); err != nil {
				t.Errorf("%s with %s: %v", f.Name, at, err)
			}
			if _, err := proto.Marshal(got); err != nil {
				t.Errorf("%s with %s: the reply cannot be sent: %v", f.Name, at, err)
			}
			tried++
		}
	}
	if tried < 3000 {
		t.Errorf("only %d answers were tried", tried)
	}
}

// withOddValues are the JSON texts that come of putting each odd value in each place of one, by a name of what was done.
func withOddValues(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	write := func(at string) {
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		all[at] = text
	}
	var walk func(path string, value any, set func(any))
	walk = func(path string, value any, set func(any)) {
		for _, odd := range oddValues {
			set(json.RawMessage(odd))
			write(path + "=" + odd)
		}
		set(value)
		switch value := value.(type) {
		case map[string]any:
			value["a_key_of_tomorrow"] = []any{map[string]any{}}
			write(path + ".a_key_of_tomorrow")
			delete(value, "a_key_of_tomorrow")
			for key, member := range value {
				walk(path+"."+key, member, func(v any) { value[key] = v })
			}
		case []any:
			for i, item := range value {
				walk(fmt.Sprintf("%s[%d]", path, i), item, func(v any) { value[i] = v })
			}
		}
	}
	walk("", whole, func(v any) { whole = v })
	return all
}
