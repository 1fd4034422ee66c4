package ujet

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
)

// fileLimit bounds an uploaded file, in bytes (assumed; no page states one).
const fileLimit = 16 << 20

// uploaded is a file that came in a form.
type uploaded struct {
	name    string
	content []byte
}

// readForm reads a multipart form: its fields as parameters, and its file. A form without a file
// gives a nil one.
func readForm(w http.ResponseWriter, r *http.Request) (params, *uploaded, error) {
	if mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaType != "multipart/form-data" {
		p, err := readParams(w, r)
		return p, nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, fileLimit)
	if err := r.ParseMultipartForm(fileLimit); err != nil { //nolint:gosec // bounded by the line above
		return nil, nil, badRequest("Error occurred while parsing request parameters")
	}
	p := params{}
	for name, values := range r.MultipartForm.Value {
		raw, err := json.Marshal(values[0])
		if err != nil {
			return nil, nil, err
		}
		p[name] = raw
	}
	part, header, err := r.FormFile("file")
	if err != nil {
		return p, nil, nil // the only error is that the form has no file
	}
	defer func() { _ = part.Close() }()
	content, err := io.ReadAll(part)
	return p, &uploaded{header.Filename, content}, err
}

// formID reads a required id that came as a form's text or as a JSON number.
func (p params) formID(name string) (int64, error) {
	raw := string(p[name])
	if text, err := strconv.Unquote(raw); err == nil {
		raw = text
	}
	if raw == "" || raw == "null" {
		return 0, missing(name)
	}
	id, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return 0, badRequest(name + " is not well formed")
	}
	return id, nil
}
