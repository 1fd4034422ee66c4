package ujet_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// presigned is the answer that says where a file goes.
type presigned struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
}

func (f *fixture) presign(t *testing.T, path string) presigned {
	t.Helper()
	a := f.call("POST", path, "")
	p := decode[presigned](t, a)
	if a.status != 200 || p.URL == "" || p.Fields["key"] == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return p
}

// upload posts the form of a presigned upload, without credentials: fields first, then the file.
func (f *fixture) upload(t *testing.T, p presigned, file []byte) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range p.Fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := f.request("POST", p.URL, "")
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	return f.do(r)
}

func TestMediaFlow(t *testing.T) {
	f := startChat(t, chat)
	f.call("GET", "/chats/1/photos", "").is(t, 200, `[]`)
	one, two, film := f.presign(t, "/chats/1/photos/upload"), f.presign(t, "/chats/1/photos/upload"), f.presign(t, "/chats/1/videos/upload")
	for _, u := range []struct {
		presigned
		size int
	}{{one, 2 << 20}, {two, 1}, {film, 20 << 20}} {
		if a := f.upload(t, u.presigned, make([]byte, u.size)); a.status != http.StatusNoContent {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	path := func(p presigned) string { return `"s3_path":"` + p.Fields["key"] + `"` }
	added := f.call("POST", "/chats/1/photos", `{"photo":[{`+path(one)+`,"photo_type":"photo"},{`+path(two)+`,"photo_type":"photo"}]}`)
	added.has(t, 200, map[string]any{"0.media_id": 1, "1.media_id": 2})
	f.call("POST", "/chats/1/videos", `{"video":{`+path(film)+`}}`).has(t, 200, map[string]any{"media_id": 3})
	f.call("GET", "/chats/1/photos", "").is(t, 200, added.body)
	f.call("GET", "/chats/1/videos", "").has(t, 200, map[string]any{"0.media_id": 3})
	if a := f.do(f.request("GET", added.at(t, "0.url").(string), "")); a.status != 200 || len(a.body) != 2<<20 || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("reading the photo: %d, %d bytes", a.status, len(a.body))
	}

	for _, message := range []string{
		`{"type":"photo","media_id":1}`, `{"type":"photo","media_id":"2"}`, `{"type":"video","content":{"media_id":3}}`,
	} {
		f.call("POST", "/chats/1/message", `{"from_user_id":1,"message":`+message+`}`).is(t, 200, `{}`)
	}
	f.refuses(t, chatKinds, refusal{"a photo is no video", "POST", "/chats/1/message", `{"from_user_id":1,"message":{"type":"video","media_id":1}}`, 400, "media_id is not found"})
	f.call("GET", "/chats/1/messages", "").has(t, 200, map[string]any{"0.media_id": 1, "2.media_id": 3, "2.type": "video"})
}

func TestUploadRefused(t *testing.T) {
	f := startChat(t, chat)
	code := func(want string, status int, p presigned, file []byte) {
		t.Helper()
		if a := f.upload(t, p, file); a.status != status || !strings.Contains(a.body, "<Code>"+want+"</Code>") {
			t.Errorf("%d %s, want %d %s", a.status, a.body, status, want)
		}
	}
	photo := func() presigned { return f.presign(t, "/chats/1/photos/upload") }
	code("EntityTooLarge", 400, photo(), make([]byte, 2<<20+1))
	code("EntityTooLarge", 400, f.presign(t, "/chats/1/videos/upload"), make([]byte, 20<<20+1))
	code("EntityTooSmall", 400, photo(), nil)
	forged, other := photo(), photo()
	forged.Fields["x-amz-signature"] = other.Fields["x-amz-signature"]
	code("SignatureDoesNotMatch", 403, forged, []byte("x"))
	longer := photo()
	longer.Fields["policy"] = "2027-01-01T00:00:00.000Z"
	code("SignatureDoesNotMatch", 403, longer, []byte("x"))
	png := photo()
	png.Fields["Content-Type"] = "image/png"
	code("AccessDenied", 403, png, []byte("x"))
	late := photo()
	f.clock.advance(5 * time.Minute)
	code("AccessDenied", 403, late, []byte("x"))
	once := photo()
	if a := f.upload(t, once, []byte("x")); a.status != 204 {
		t.Fatal(a.status)
	}
	code("AccessDenied", 403, once, []byte("x"))
	r := f.request("POST", once.URL, `{}`)
	if a := f.do(r); a.status != 400 || !strings.Contains(a.body, "MalformedPOSTRequest") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := f.do(f.request("GET", once.URL+"/chat-9/photo-1", "")); a.status != 404 || !strings.Contains(a.body, "NoSuchKey") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAttachRefused(t *testing.T) {
	f := startChat(t, chat)
	f.call("POST", "/chats", chat)
	waiting, foreign := f.presign(t, "/chats/1/photos/upload"), f.presign(t, "/chats/2/photos/upload")
	f.upload(t, foreign, []byte("x"))
	photo := func(p presigned) string {
		return `{"photo":[{"s3_path":"` + p.Fields["key"] + `","photo_type":"photo"}]}`
	}
	const missing = "param is missing or the value is empty: "
	f.refuses(
		t, chatKinds,
		refusal{"not uploaded yet", "POST", "/chats/1/photos", photo(waiting), 400, "s3_path is not found"},
		refusal{"of another chat", "POST", "/chats/1/photos", photo(foreign), 400, "s3_path is not found"},
		refusal{"as a video", "POST", "/chats/2/videos", `{"video":{"s3_path":"` + foreign.Fields["key"] + `"}}`, 400, "s3_path is not found"},
		refusal{"none", "POST", "/chats/1/photos", `{"photo":[]}`, 400, missing + "photo"},
		refusal{"no list", "POST", "/chats/1/photos", `{"photo":{"s3_path":"x"}}`, 400, "photo is invalid"},
		refusal{"type", "POST", "/chats/1/photos", `{"photo":[{"s3_path":"x","photo_type":"selfie"}]}`, 400, "photo_type is invalid"},
		refusal{"no path", "POST", "/chats/1/photos", `{"photo":[{"photo_type":"photo"}]}`, 400, missing + "s3_path"},
		refusal{"no video", "POST", "/chats/1/videos", `{}`, 400, missing + "video"},
		refusal{"no such chat", "POST", "/chats/9/photos", photo(waiting), 404, "Not Found"},
		refusal{"no such chat to list", "GET", "/chats/9/videos", "", 404, "Not Found"},
		refusal{"no such chat to upload", "POST", "/chats/9/videos/upload", "", 404, "Not Found"},
	)
	// All photos of a request are attached, or none.
	both := `{"photo":[{"s3_path":"` + foreign.Fields["key"] + `","photo_type":"photo"},{"s3_path":"x","photo_type":"photo"}]}`
	f.refuses(t, chatKinds, refusal{"one of two", "POST", "/chats/2/photos", both, 400, "s3_path is not found"})
	f.call("POST", "/chats/2/photos", photo(foreign)).has(t, 200, map[string]any{"0.media_id": 1})
	if got := f.count(chatKinds...); !slices.Equal(strings.Fields(got), []string{"chat=2", "message=0", "media=1", "escalation=0"}) {
		t.Errorf("ledger has %s", got)
	}
}
