package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// settingsService takes and gives files.
type settingsService struct {
	leadmuxv1.UnimplementedQueueSettingsServiceServer
	took     func(first *leadmuxv1.ImportQueueSettingsRequest, file []byte, err error)
	download func(*leadmuxv1.DownloadQueueSettingsRequest, grpc.ServerStreamingServer[leadmuxv1.DownloadQueueSettingsResponse]) error
}

func (s *settingsService) ImportQueueSettings(stream grpc.ClientStreamingServer[leadmuxv1.ImportQueueSettingsRequest, leadmuxv1.ImportQueueSettingsResponse]) error {
	var first *leadmuxv1.ImportQueueSettingsRequest
	var file []byte
	for {
		piece, err := stream.Recv()
		if err != nil {
			s.took(first, file, err)
			if !errors.Is(err, io.EOF) {
				return err
			}
			return stream.SendAndClose(&leadmuxv1.ImportQueueSettingsResponse{Job: &leadmuxv1.QueueSettingsJob{JobId: "9"}})
		}
		if first == nil {
			first = piece
		}
		if piece.GetEmail() == "nobody@example.com" {
			return rpcerr.Invalid("email", "is no user")
		}
		file = append(file, piece.GetData()...)
	}
}

func (s *settingsService) DownloadQueueSettings(r *leadmuxv1.DownloadQueueSettingsRequest, stream grpc.ServerStreamingServer[leadmuxv1.DownloadQueueSettingsResponse]) error {
	return s.download(r, stream)
}

const importPath = "/v1/accounts/support/queueSettings:import?email=ada@example.com&fileName=a.zip"

// formBody is a multipart form of fields and, where it has a name, a file.
func formBody(t *testing.T, fields [][2]string, fileName string, file []byte, behind bool) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if fileName != "" && behind {
		writeFile(t, w, fileName, file)
	}
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if fileName != "" && !behind {
		writeFile(t, w, fileName, file)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func writeFile(t *testing.T, w *multipart.Writer, name string, file []byte) {
	t.Helper()
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestUpload sends a file as it is and as a form: what arrives is the file, piece by piece, and the fields with the first piece.
func TestUpload(t *testing.T) {
	f := start(t)
	file := bytes.Repeat([]byte("settings\x00"), 100_000) // 900 kB, four pieces
	form, formText := formBody(t, [][2]string{{"email", "ada@example.com"}, {"requestId", "r-1"}}, "b.zip", file, false)
	for name, c := range map[string]struct{ path, contentType, body, fileName string }{
		"raw":        {importPath, "application/zip", string(file), "a.zip"},
		"no type":    {importPath, "", string(file), "a.zip"},
		"form":       {"/v1/accounts/support/queueSettings:import", form, formText, "b.zip"},
		"form named": {"/v1/accounts/support/queueSettings:import?fileName=c.zip", form, formText, "c.zip"},
	} {
		t.Run(name, func(t *testing.T) {
			var first *leadmuxv1.ImportQueueSettingsRequest
			var got []byte
			f.settings.took = func(r *leadmuxv1.ImportQueueSettingsRequest, data []byte, _ error) { first, got = r, data }
			code, answer, _ := f.rest(t, "POST", c.path, c.body, "Content-Type", c.contentType)
			if code != http.StatusOK || !strings.Contains(string(answer), `"jobId":"9"`) {
				t.Fatalf("%d %s", code, answer)
			}
			if !bytes.Equal(got, file) {
				t.Errorf("%d bytes arrived, want %d", len(got), len(file))
			}
			if first.GetAccount() != "support" || first.GetEmail() != "ada@example.com" || first.GetFileName() != c.fileName {
				t.Errorf("the first piece says %q %q %q", first.GetAccount(), first.GetEmail(), first.GetFileName())
			}
		})
	}
	if strings.Contains(f.log.String(), "ada@example.com") {
		t.Error("the log tells an address")
	}
}

// TestUploadRefused: each of these ends before the service has a whole file.
func TestUploadRefused(t *testing.T) {
	f := start(t)
	var whole atomic.Int32 // the answer may come before the service has seen the end of its stream
	f.settings.took = func(_ *leadmuxv1.ImportQueueSettingsRequest, _ []byte, err error) {
		if errors.Is(err, io.EOF) {
			whole.Add(1)
		}
	}
	noFile, noFileText := formBody(t, [][2]string{{"email", "ada@example.com"}}, "", nil, false)
	unknown, unknownText := formBody(t, [][2]string{{"colour", "red"}}, "a.zip", []byte("x"), false)
	twice, twiceText := formBody(t, [][2]string{{"account", "other"}}, "a.zip", []byte("x"), false)
	behind, behindText := formBody(t, [][2]string{{"email", "ada@example.com"}}, "a.zip", []byte("x"), true)
	for name, c := range map[string]struct {
		path, contentType, body string
		http                    int
		reason                  string
	}{
		"unknown parameter": {importPath + "&colour=red", "", "x", 400, "MALFORMED_REQUEST"},
		"bytes in query":    {importPath + "&data=eA==", "", "x", 400, "MALFORMED_REQUEST"},
		"no part":           {importPath, noFile, noFileText, 400, "INVALID_FIELD"},
		"unknown field":     {importPath, unknown, unknownText, 400, "MALFORMED_REQUEST"},
		"path again":        {importPath, twice, twiceText, 400, "MALFORMED_REQUEST"},
		"field behind":      {importPath, behind, behindText, 400, "MALFORMED_REQUEST"},
		"no boundary":       {importPath, "multipart/form-data", "x", 400, "MALFORMED_REQUEST"},
		"broken form":       {importPath, behind, behindText[:40], 400, ""},
		"field too long":    {importPath + "&requestId=" + strings.Repeat("x", 200), "", "x", 400, "INVALID_FIELD"},
		"by the service":    {strings.Replace(importPath, "ada", "nobody", 1), "", "x", 400, "INVALID_FIELD"},
		"too large":         {importPath, "", strings.Repeat("x", 64<<20+1), 413, "REQUEST_TOO_LARGE"},
		"no file":           {"/v1/accounts/support/queueSettings:imports", "", "x", 404, "NO_SUCH_METHOD"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.restError(t, "POST", c.path, c.body, "Content-Type", c.contentType)
			if a.http != c.http || c.reason != "" && a.reason != c.reason {
				t.Errorf("got %d %s", a.http, a.reason)
			}
			if whole.Load() > 0 {
				t.Error("the service was given a whole file")
			}
		})
	}
	if a := f.restError(t, "POST", importPath, "x", "Authorization", "Bearer bad"); a.http != 401 {
		t.Errorf("without a good key: %d", a.http)
	}
}

// TestDownload: the body is the file, whatever its pieces; what fails before the first is an ordinary error, what fails after it
// leaves the answer unfinished.
func TestDownload(t *testing.T) {
	f := start(t)
	const path = "/v1/accounts/support/queueSettings/versions/41:download"
	f.settings.download = func(r *leadmuxv1.DownloadQueueSettingsRequest, stream grpc.ServerStreamingServer[leadmuxv1.DownloadQueueSettingsResponse]) error {
		if r.GetAccount() != "support" {
			t.Errorf("account %q", r.GetAccount())
		}
		if r.GetVersionId() == "7" {
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_NOT_FOUND, "no such version")
		}
		err := stream.Send(&leadmuxv1.DownloadQueueSettingsResponse{FileName: "s\"x.zip", ContentType: "application/zip", Data: []byte("PK")})
		if r.GetVersionId() == "8" {
			return errors.New("the line broke")
		}
		return errors.Join(err, stream.Send(&leadmuxv1.DownloadQueueSettingsResponse{Data: []byte("\x03\x04")}))
	}
	code, data, header := f.rest(t, "GET", path, "")
	if code != 200 || string(data) != "PK\x03\x04" || header.Get("Content-Type") != "application/zip" ||
		header.Get("Content-Disposition") != `attachment; filename="s\"x.zip"` {
		t.Errorf("%d %q %v", code, data, header)
	}
	if a := f.restError(t, "GET", strings.Replace(path, "41", "7", 1), ""); a.http != 404 || a.reason != "VENDOR_NOT_FOUND" {
		t.Errorf("unknown: %d %s", a.http, a.reason)
	}
	if a := f.restError(t, "GET", path+"?versionId=9", ""); a.http != 400 || a.reason != "MALFORMED_REQUEST" {
		t.Errorf("given twice: %d %s", a.http, a.reason)
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+f.HTTPAddr()+strings.Replace(path, "41", "8", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", goodKey)
	resp, err := f.http.Do(req)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Error("a file that broke off looks whole")
	}
}
