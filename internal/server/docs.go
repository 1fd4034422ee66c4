package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the documents below
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// openAPI is written by internal/tools/openapi and held to it by a test there.
//
//go:embed openapi.json
var openAPI []byte

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// docs serves the specification, and one page that lists what is in it. The page is made once, has no script and fetches
// nothing.
type docs struct {
	html   []byte
	policy string
}

type operation struct{ Method, Path, Summary, Description string }

func newDocs() (*docs, error) {
	operations, err := listOperations(openAPI)
	if err != nil {
		return nil, err
	}
	page, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return nil, err
	}
	var html bytes.Buffer
	err = page.Execute(&html, map[string]any{"Operations": operations, "Style": template.CSS(docsStyle)}) //nolint:gosec // ours
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(docsStyle))
	return &docs{
		html:   html.Bytes(),
		policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; frame-ancestors 'none'", base64.StdEncoding.EncodeToString(sum[:])),
	}, nil
}

func listOperations(specification []byte) ([]operation, error) {
	var document struct {
		Paths map[string]map[string]struct {
			Summary     string `json:"summary"`
			Description string `json:"description"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(specification, &document); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	var found []operation
	for path, methods := range document.Paths {
		for method, o := range methods {
			found = append(found, operation{strings.ToUpper(method), path, o.Summary, o.Description})
		}
	}
	slices.SortFunc(found, func(a, b operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return found, nil
}

func (d *docs) specification(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}

func (d *docs) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", d.policy)
	_, _ = w.Write(d.html)
}
