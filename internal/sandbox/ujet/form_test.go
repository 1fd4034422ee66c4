package ujet_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// form sends a multipart form with a file, unless file is nil; fields are "name=value".
func (f *fixture) form(t *testing.T, method, path, token string, file []byte, fields map[string]string) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := w.CreateFormFile("file", "people.json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.clock.advance(1e9)
	r := f.request(method, f.api+path, "")
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	r.SetBasicAuth(ujet.DefaultSubdomain, token)
	return f.do(r)
}
