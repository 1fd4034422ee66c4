package server

import (
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHandler is the admin listener: metrics, profiles, readiness and whatever cmd adds. It asks for no key, so it belongs on
// a loopback or otherwise closed address.
func adminHandler(cfg Config, health http.Handler) http.Handler {
	handlers := map[string]http.Handler{
		"/metrics":             promhttp.HandlerFor(cfg.Registry, promhttp.HandlerOpts{Registry: cfg.Registry}),
		"/healthz":             health,
		"/readyz":              health,
		"/debug/pprof/":        http.HandlerFunc(pprof.Index),
		"/debug/pprof/cmdline": http.HandlerFunc(pprof.Cmdline),
		"/debug/pprof/profile": http.HandlerFunc(pprof.Profile),
		"/debug/pprof/symbol":  http.HandlerFunc(pprof.Symbol),
		"/debug/pprof/trace":   http.HandlerFunc(pprof.Trace),
	}
	for path, handler := range cfg.AdminExtra {
		handlers[path] = handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		_, handler := pick(handlers, r.URL.Path)
		if handler == nil {
			refuse(w, r, cfg.Logger, errNoSuchPath())
			return
		}
		handler.ServeHTTP(w, r)
	})
}
