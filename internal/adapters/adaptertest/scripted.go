package adaptertest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"testing"
)

// scripted is a vendor that expects the exchanges of a fixture in their order.
type scripted struct {
	t      *testing.T
	script []exchange
	next   int
}

// ServeHTTP compares the next request and gives its answer.
func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.next == len(s.script) {
		s.t.Errorf("unexpected request %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	x := s.script[s.next]
	s.next++
	s.compare(r, x)
	for name, value := range x.Response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(x.Response.Status)
	_, _ = io.WriteString(w, string(x.Response.Body)+x.Response.Text)
}

func (s *scripted) compare(r *http.Request, x exchange) {
	if r.Method != x.Request.Method || r.URL.EscapedPath() != x.Request.Path {
		s.t.Errorf("got %s %s, want %s %s", r.Method, r.URL.EscapedPath(), x.Request.Method, x.Request.Path)
	}
	if got := r.URL.Query(); len(got)+len(x.Request.Query) > 0 && !reflect.DeepEqual(got, x.Request.Query) {
		s.t.Errorf("query %v, want %v", got, x.Request.Query)
	}
	for name, want := range x.Request.Headers {
		if got := r.Header.Get(name); got != want {
			s.t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	if x.Request.Form != nil {
		if got := formOf(s.t, r); !reflect.DeepEqual(got, x.Request.Form) {
			s.t.Errorf("form %+v\nwant %+v", got, x.Request.Form)
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read the body: %v", err)
	}
	if got, want := jsonValue(s.t, body), jsonValue(s.t, x.Request.Body); !reflect.DeepEqual(got, want) {
		s.t.Errorf("body %s\nwant %s", body, x.Request.Body)
	}
}

// formOf is the multipart form that is the body of a request.
func formOf(t *testing.T, r *http.Request) map[string]formPart {
	t.Helper()
	form, err := r.MultipartReader()
	if err != nil {
		t.Errorf("the body is no form: %v", err)
		return nil
	}
	all := map[string]formPart{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Errorf("read the form: %v", err)
			return nil
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Errorf("read the form: %v", err)
		}
		all[part.FormName()] = formPart{part.FileName(), part.Header.Get("Content-Type"), string(content)}
	}
}

// jsonValue is the value of a JSON text; nil for no text.
func jsonValue(t *testing.T, raw []byte) any {
	t.Helper()
	if len(raw) == 0 {
		return nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Errorf("%q is no JSON: %v", raw, err)
	}
	return v
}
