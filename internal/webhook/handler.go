// Package webhook takes what vendors send of their own accord: POST /webhooks/{account}/{path_token}[/{kind}].
//
// Invariants: nothing is parsed before it is known to come from the vendor, and nothing is answered with success before it is durable. The
// account and its path token are the first proof, what the vendor sends with each delivery (a bearer token, HTTP Basic, a signature over the
// raw bytes) the second; secrets are compared in constant time. A delivery that was taken before is answered like the first time. Only the
// wiring builds a Handler; it calls the service through one function.
package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/mutant"
)

// Path is where the handler must be mounted.
const Path = "/webhooks/"

const (
	// maxBody is the longest delivery that is read, in bytes.
	maxBody = 512 << 10
	// storeTimeout bounds the storing of one delivery; the vendor sends it again when that does not succeed.
	storeTimeout = 10 * time.Second
)

// Endpoint is one account that a vendor may send to.
type Endpoint struct {
	// Account is whose deliveries these are; its adapter must be an adapters.WebhookReader.
	Account *adapters.Account
	// PathToken is the unguessable part of the URL.
	PathToken string
}

// Config is what a Handler needs.
type Config struct {
	Endpoints []Endpoint
	// Receive makes a delivery durable. Its error is none of the vendor's: it is told to come again.
	Receive  func(ctx context.Context, account *adapters.Account, kind string, raw []byte, events []adapters.VendorEvent) error
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // nil: time.Now
}

// Handler answers vendors.
type Handler struct {
	cfg       Config
	endpoints map[string]Endpoint // by account name
	taken     *prometheus.CounterVec
	took      *prometheus.HistogramVec
}

// New makes a Handler.
func New(cfg Config) *Handler {
	h := &Handler{cfg: cfg, endpoints: map[string]Endpoint{}}
	for _, endpoint := range cfg.Endpoints {
		h.endpoints[endpoint.Account.Name] = endpoint
	}
	if h.cfg.Now == nil {
		h.cfg.Now = time.Now
	}
	h.taken = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadmux_webhooks_received_total",
		Help: "Deliveries from vendors, by result: stored, forged, unknown (no such address), too_large, unread (broken off), failed (not stored).",
	}, []string{"account", "kind", "result"})
	h.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "leadmux_webhook_duration_seconds", Help: "Time from the delivery's head to its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
	}, []string{"account"})
	cfg.Registry.MustRegister(h.taken, h.took)
	return h
}

// ServeHTTP takes one delivery.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.cfg.Now()
	endpoint, hook, kind, ok := h.find(r.URL.Path)
	if !ok {
		h.taken.WithLabelValues("", "", "unknown").Inc()
		answer(w, http.StatusNotFound, "no such address")
		return
	}
	name := endpoint.Account.Name
	defer func() { h.took.WithLabelValues(name).Observe(h.cfg.Now().Sub(start).Seconds()) }()
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed, "send it with POST")
		return
	}
	result, status, text := h.take(w, r, endpoint.Account, hook, kind)
	h.taken.WithLabelValues(name, kind, result).Inc()
	if status == http.StatusOK && hook.Accepted != "" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, hook.Accepted)
		return
	}
	if status == http.StatusUnauthorized && hook.Challenge != "" {
		w.Header().Set("WWW-Authenticate", hook.Challenge)
	}
	answer(w, status, text)
}

// find is the endpoint behind a path. A wrong account and a wrong token are the same to whoever tries.
func (h *Handler) find(path string) (endpoint Endpoint, hook adapters.Webhook, kind string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, Path), "/")
	if len(parts) < 2 || len(parts) > 3 {
		return endpoint, hook, "", false
	}
	if len(parts) == 3 {
		kind = parts[2]
	}
	endpoint, known := h.endpoints[parts[0]]
	if !adapters.SameSecret(parts[1], endpoint.PathToken) || !known {
		return endpoint, hook, "", false
	}
	reader, reads := endpoint.Account.Adapter.(adapters.WebhookReader)
	if !reads {
		return endpoint, hook, "", false
	}
	hook, ok = reader.Webhook(kind)
	return endpoint, hook, kind, ok
}

// take reads, verifies and stores a delivery, and says how to count and answer it.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, account *adapters.Account, hook adapters.Webhook, kind string) (result string, status int, text string) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return "too_large", http.StatusRequestEntityTooLarge, "a delivery may have 512 KiB"
	}
	if err != nil {
		return "unread", http.StatusBadRequest, "the delivery broke off"
	}
	if err := hook.Verify(r.Header, raw, h.cfg.Now()); err != nil && !mutant.AcceptForgedWebhook {
		h.cfg.Logger.Warn("a delivery did not prove to come from the vendor", slog.String("account", account.Name), slog.String("kind", kind))
		return "forged", http.StatusUnauthorized, "this does not prove to come from the vendor"
	}
	failpoint.Here(failpoint.WebhookVerified)
	// The vendor may hang up; what it sent is stored all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	if err := h.cfg.Receive(ctx, account, kind, raw, hook.Read(raw)); err != nil && !mutant.AnswerWebhookUnstored {
		h.cfg.Logger.Error("a delivery could not be stored; the vendor is told to send it again",
			slog.String("account", account.Name), slog.String("kind", kind), slog.String("error", err.Error()))
		return "failed", http.StatusServiceUnavailable, "not stored; send it again"
	}
	failpoint.Here(failpoint.WebhookStored)
	return "stored", http.StatusOK, "stored"
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
