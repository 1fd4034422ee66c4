package ujet_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

func TestQueueStatus(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.set(t, `{"menus":{"13":{"state":"after_hours"},"14":{"state":"over_capacity"}}}`)
	const path = "/queue_operation_statuses?"
	f.call("GET", path+"menu_id=12&lang=en&channel_type=chat", "").is(t, 200, `{"menu_id":12,"lang":"en","channel_type":"chat","after_hour":false,"overcapacity":false}`)
	f.call("GET", path+"menu_id=13&lang=es&channel_type=call", "").is(t, 200, `{"menu_id":13,"lang":"es","channel_type":"call","after_hour":true,"overcapacity":false}`)
	f.call("GET", path+"menu_id=14&lang=en&channel_type=call", "").has(t, 200, map[string]any{"overcapacity": true})
	const missing = "param is missing or the value is empty: "
	get := func(query, message string) refusal { return refusal{"", "GET", path + query, "", 400, message} }
	f.refuses(t, nil,
		get("lang=en&channel_type=chat", missing+"menu_id"),
		get("menu_id=12&channel_type=chat", missing+"lang"),
		get("menu_id=12&lang=en", missing+"channel_type"),
		get("menu_id=x&lang=en&channel_type=chat", "menu_id is not well formed"),
		get("menu_id=99&lang=en&channel_type=chat", "menu_id 99 is not found"),
		get("menu_id=12&lang=fr&channel_type=chat", "Language 'fr' is not available"),
		get("menu_id=12&lang=xx&channel_type=chat", "Language 'xx' is not found"),
		get("menu_id=12&lang=en&channel_type=voice_call", "channel_type is invalid"),
	)
}

func TestQueueVersions(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("GET", "/version_histories", "").is(t, 200, `[]`)
	plain := f.call("GET", "/queues/export?export_audio_files=false&export_attached_files=false", "")
	plain.has(t, 200, map[string]any{"queues.11.name": "Sales"})
	if plain.header.Get("Content-Disposition") != `attachment; filename="queues-1.json"` || plain.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", plain.header)
	}
	zipped := f.call("GET", "/queues/export?export_audio_files=true&export_attached_files=true", "")
	archive, err := zip.NewReader(strings.NewReader(zipped.body), int64(len(zipped.body)))
	if err != nil || len(archive.File) != 3 || zipped.header.Get("Content-Type") != "application/zip" {
		t.Fatalf("%v, %v", err, zipped.header)
	}
	f.call("POST", "/version_histories/auto_saved", `{"export_audio_files":false,"export_attached_files":true}`).has(t, 201, map[string]any{
		"id": 3, "auto_saved": true, "filename": "queues-3.zip",
	})
	f.call("GET", "/version_histories", "").has(t, 200, map[string]any{"0.id": 3, "2.id": 1})
	f.call("GET", "/version_histories/1", "").has(t, 200, map[string]any{"id": 1, "action": "export", "auto_saved": false})
	if a := f.call("GET", "/version_histories/2/download", ""); a.status != 200 || a.body != zipped.body {
		t.Errorf("download: %d, %d bytes", a.status, len(a.body))
	}

	state := func() any {
		return f.call("GET", "/queue_operation_statuses?menu_id=11&lang=en&channel_type=call", "").at(t, "after_hour")
	}
	f.set(t, `{"menus":{"11":{"state":"after_hours"}}}`)
	f.call("POST", "/version_histories/restore", `{"id":1,"email":"ana@agents.example.com"}`).is(t, 202, `{"message":"accepted"}`)
	if state() != false {
		t.Error("the restored queue is closed")
	}
	for _, content := range [][]byte{
		[]byte(replaced(t, plain.body, `"name":"Sales","type":"ivr_menu","parentId":0,"state":"open"`, `"name":"Sales","type":"ivr_menu","parentId":0,"state":"after_hours"`)),
		[]byte(zipped.body),
	} {
		f.form(t, "POST", "/queues/import", ujet.DefaultToken, content, map[string]string{"email": "ana@agents.example.com"}).is(t, 202, `{"message":"accepted"}`)
		if want := bytes.Contains(content, []byte("after_hours")); state() != want {
			t.Errorf("after hours: %v, want %v", state(), want)
		}
	}
	f.call("GET", "/version_histories", "").has(t, 200, map[string]any{"0.action": "import", "0.email": "ana@agents.example.com", "2.action": "restore"})
}

func TestQueueVersionsRefused(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.call("POST", "/version_histories/auto_saved", `{"export_audio_files":false,"export_attached_files":false}`)
	const missing = "param is missing or the value is empty: "
	f.refuses(t, []string{ujet.KindVersion},
		refusal{"", "GET", "/queues/export?export_attached_files=true", "", 400, missing + "export_audio_files"},
		refusal{"", "GET", "/queues/export?export_audio_files=true", "", 400, missing + "export_attached_files"},
		refusal{"", "GET", "/queues/export?export_audio_files=maybe&export_attached_files=true", "", 400, "export_audio_files is invalid"},
		refusal{"", "POST", "/version_histories/auto_saved", `{"export_audio_files":true}`, 400, missing + "export_attached_files"},
		refusal{"", "POST", "/version_histories/auto_saved", `{"export_audio_files":"x","export_attached_files":true}`, 400, "export_audio_files is invalid"},
		refusal{"", "POST", "/version_histories/restore", `{"email":"ana@agents.example.com"}`, 400, missing + "id"},
		refusal{"", "POST", "/version_histories/restore", `{"id":1}`, 400, missing + "email"},
		refusal{"", "POST", "/version_histories/restore", `{"id":1,"email":"nobody@example.com"}`, 400, "email is invalid"},
		refusal{"", "POST", "/version_histories/restore", `{"id":1,"email":"ana@agents.example.com","revision":"x"}`, 400, "revision is invalid"},
		refusal{"", "POST", "/version_histories/restore", `{"id":9,"email":"ana@agents.example.com"}`, 404, "Not Found"},
		refusal{"", "GET", "/version_histories/9", "", 404, "Not Found"},
		refusal{"", "GET", "/version_histories/9/download", "", 404, "Not Found"},
	)
	email := map[string]string{"email": "ana@agents.example.com"}
	f.form(t, "POST", "/queues/import", ujet.DefaultToken, nil, email).is(t, 400, `{"message":"`+missing+`file"}`)
	f.form(t, "POST", "/queues/import", ujet.DefaultToken, []byte(`{}`), email).is(t, 400, `{"message":"file is invalid"}`)
	f.form(t, "POST", "/queues/import", ujet.DefaultToken, []byte(`{"queues":{"11":{"type":"tram"}}}`), email).is(t, 400, `{"message":"file is invalid"}`)
	f.form(t, "POST", "/queues/import", ujet.DefaultToken, []byte(`{}`), nil).is(t, 400, `{"message":"`+missing+`email"}`)
}
