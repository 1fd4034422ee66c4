package sandbox

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// ControlPath is where Handler expects to be mounted.
const ControlPath = "/sandbox/"

// listing is one emulator in the answer to GET /sandbox/.
type listing struct {
	Name    string      `json:"name"`
	BaseURL string      `json:"baseUrl"`
	Control string      `json:"control"`
	Routes  []kit.Route `json:"routes"`
}

// Handler is the control API of all emulators, for mounting at ControlPath
// without stripping it. GET /sandbox/ lists them; /sandbox/{name}/… is the
// control API of one. It changes what the emulators do and shows all they have
// received: offer it where only operators and tests can reach it.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ControlPath+"{$}", s.list)
	mux.HandleFunc(ControlPath, s.unknown)
	for _, h := range s.hosts {
		root := ControlPath + h.vendor.Name
		stripped := http.StripPrefix(root, rooted(h.control))
		mux.Handle(root, stripped)
		mux.Handle(root+"/", stripped)
	}
	return mux
}

// rooted makes an empty path the root.
func rooted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = cmp.Or(r.URL.Path, "/")
		next.ServeHTTP(w, r)
	})
}

// list answers GET /sandbox/.
func (s *Sandbox) list(w http.ResponseWriter, r *http.Request) {
	if _, err := kit.Query(r); err != nil {
		kit.WriteJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	all := make([]listing, len(s.hosts))
	for i, h := range s.hosts {
		root := ControlPath + h.vendor.Name
		routes := kit.Routes(h.control)
		for j := range routes {
			routes[j].Path = root + routes[j].Path
		}
		all[i] = listing{h.vendor.Name, h.vendor.BaseURL, root + "/", routes}
	}
	kit.WriteJSON(w, http.StatusOK, map[string]any{"emulators": all})
}

// unknown answers what is no emulator's.
func (s *Sandbox) unknown(w http.ResponseWriter, _ *http.Request) {
	names := make([]string, len(s.hosts))
	for i, h := range s.hosts {
		names[i] = h.vendor.Name
	}
	kit.WriteJSON(w, http.StatusNotFound, map[string]string{
		"error": "no such emulator; there are: " + strings.Join(names, ", "),
	})
}
