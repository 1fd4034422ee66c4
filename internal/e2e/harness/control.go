package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Control makes a call of the vendor's control API, such as POST /chats/open, and reads its answer into out; nil leaves it unread.
func (v *Vendor) Control(tb testing.TB, path, body string, out any) {
	tb.Helper()
	request := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, path, bytes.NewReader([]byte(body)))
	recorder := httptest.NewRecorder()
	v.emulator.Control().ServeHTTP(recorder, request)
	raw, err := io.ReadAll(recorder.Result().Body)
	must(tb, err)
	if recorder.Code != http.StatusOK {
		tb.Fatalf("%s %s: HTTP %d %s", v.Name, path, recorder.Code, raw)
	}
	if out != nil {
		must(tb, json.Unmarshal(raw, out))
	}
}
