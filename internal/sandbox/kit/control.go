package kit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxControlBody is the largest body the control API reads, in bytes.
const maxControlBody = 1 << 20

// SettingsAPI is the side of *Settings[T] that the control API uses; only
// Settings implements it.
type SettingsAPI interface {
	current() any
	patchJSON(raw []byte) (any, error)
}

// ControlTarget is what the control API of one emulator works on.
type ControlTarget struct {
	// Ledger is the emulator's ledger. Required.
	Ledger *Ledger
	// Faults is the emulator's fault plan. Required.
	Faults *Faults
	// Settings are the emulator's switches; nil if it has none.
	Settings SettingsAPI
	// Routes are the emulator's own control routes.
	Routes []Route
}

// Route is one route of a control API.
type Route struct {
	// Method is the HTTP method.
	Method string `json:"method"`
	// Path is the path below the emulator's control root, such as "/faults".
	Path string `json:"path"`
	// Doc is one sentence about what it does and takes.
	Doc string `json:"doc"`
	// Handle does the work: it gets the request and its body (at most 1 MiB)
	// and returns what to answer as JSON with status 200. An error is answered
	// with status 400, as {"error": "…"}.
	Handle func(r *http.Request, body []byte) (any, error) `json:"-"`
}

// Control builds the control API of one emulator, rooted at "/":
//
//	GET               /          the routes below
//	GET               /ledger    {"requests":[…],"records":{"lead":[…]}}
//	GET               /requests  {"requests":[…]}
//	GET               /records   {"records":{"lead":[…]}}, ?kind= for one kind
//	GET, POST, DELETE /faults    {"faults":[…]}; POST takes that or one fault
//	GET, PATCH        /settings  the vendor's switches
//
// and the target's own routes. Unknown keys and parameters are refused with
// the list of those allowed.
func Control(t ControlTarget) http.Handler {
	c := &control{target: t}
	c.routes = c.standard()
	c.routes = append(c.routes, t.Routes...)
	return c
}

// Routes lists the routes of a handler that Control has built; nil for others.
func Routes(h http.Handler) []Route {
	if c, ok := h.(*control); ok {
		return slices.Clone(c.routes)
	}
	return nil
}

type control struct {
	target ControlTarget
	routes []Route
}

// ServeHTTP implements http.Handler.
func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := cmp.Or(strings.TrimSuffix(r.URL.Path, "/"), "/")
	var methods []string
	for _, route := range c.routes {
		if route.Path != path {
			continue
		}
		if route.Method == r.Method {
			c.run(w, r, route)
			return
		}
		methods = append(methods, route.Method)
	}
	if methods != nil {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		writeError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s", path, strings.Join(methods, ", ")))
		return
	}
	writeError(w, http.StatusNotFound, fmt.Errorf("no control route %s; allowed: %s", path, c.paths()))
}

// run reads the body and answers with what the route's handler returns.
func (c *control) run(w http.ResponseWriter, r *http.Request, route Route) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if err != nil {
		writeError(w, http.StatusBadRequest, fmt.Errorf("read body: %w", err))
		return
	}
	out, err := route.Handle(r, body)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	WriteJSON(w, http.StatusOK, out)
}

// paths lists the distinct paths for error texts.
func (c *control) paths() string {
	var paths []string
	for _, route := range c.routes {
		if !slices.Contains(paths, route.Path) {
			paths = append(paths, route.Path)
		}
	}
	return strings.Join(paths, ", ")
}

// writeError answers {"error": "…"}.
func writeError(w http.ResponseWriter, status int, err error) {
	WriteJSON(w, status, map[string]string{"error": err.Error()})
}

// Query refuses query parameters other than allowed; control routes call it.
func Query(r *http.Request, allowed ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	for key := range values {
		if !slices.Contains(allowed, key) {
			return nil, fmt.Errorf("unknown query parameter %q; allowed: %s", key, cmp.Or(strings.Join(allowed, ", "), "none"))
		}
	}
	return values, nil
}

// recordsOf reads the records by kind; an empty kind is all kinds.
func recordsOf(l *Ledger, kind string) (map[string][]json.RawMessage, error) {
	out := map[string][]json.RawMessage{}
	err := l.View(func(tx *Tx) error {
		kinds, err := tx.kinds()
		if err != nil {
			return err
		}
		if kind != "" {
			kinds = slices.DeleteFunc(kinds, func(k string) bool { return k != kind })
			out[kind] = []json.RawMessage{}
		}
		for _, k := range kinds {
			out[k] = []json.RawMessage{}
			err := tx.Each(k, func(_ string, raw json.RawMessage) error {
				out[k] = append(out[k], raw)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
