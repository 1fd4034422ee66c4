// Package ujet emulates UJET's Apps API (Google CCAI Platform): calls, text messages, chats with their
// media, end users, campaigns, agents and their bulk management, queues and contact lists, behind Basic authentication and the vendor's request
// rate. People, menus, agents and numbers of its invented contact centre are settings.
//
// Invariants: every answer that says something was stored leaves after the ledger has it on disk;
// an identifier has at most one end user; a contact, call, chat or message is made by every accepted
// POST, so a client that sends twice is seen; every arrival is in the ledger with its time, refused ones included.
//
// The emulator judges the adapter in crash tests, so it shares no code with it. Only the sandbox
// and tests may import this package.
package ujet

import (
	"cmp"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// BasePath is where the vendor's API starts on its host; a client's base URL ends with it.
const BasePath = "/apps/api/v1"

// Credentials of an emulator whose Config leaves them empty.
const (
	DefaultSubdomain = "sandbox"
	DefaultToken     = "sandbox-ujet-token"
	// APIUserToken is a second token, for clients that keep bulk user management apart.
	APIUserToken = "sandbox-ujet-api-user-token"
)

// Config says where an emulator keeps its ledger and whom it lets in.
type Config struct {
	// Dir holds the ledger file ujet.db; it is created when missing.
	Dir string
	// Now is the clock of the rate limit, the ledger and all times shown; nil means time.Now.
	Now func() time.Time
	// Subdomain and Token are the Basic user and password; empty means the defaults above.
	Subdomain, Token string
	// Logger takes failures of the emulator itself, never a person's data; nil means silence.
	Logger *slog.Logger
}

// Emulator is one emulated UJET subdomain. It is safe for concurrent use.
type Emulator struct {
	now      func() time.Time
	log      *slog.Logger
	gate     *gate
	ledger   *kit.Ledger
	faults   *kit.Faults
	settings *kit.Settings[Settings]
	hooks    *kit.Hooks
}

// New opens the ledger and starts an emulator on it; what an earlier one stored is still there.
// It fails when the ledger cannot be opened, for one because another process has it.
func New(cfg Config) (*Emulator, error) {
	ledger, err := kit.OpenLedger(filepath.Join(cfg.Dir, "ujet.db"))
	if err != nil {
		return nil, err
	}
	settings, err := kit.NewSettings(ledger, defaultSettings(), Settings.validate)
	if err != nil {
		_ = ledger.Close() // the first error tells more
		return nil, err
	}
	e := &Emulator{
		now:      cfg.Now,
		log:      cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		gate:     newGate(cmp.Or(cfg.Subdomain, DefaultSubdomain), cmp.Or(cfg.Token, DefaultToken)),
		ledger:   ledger,
		faults:   &kit.Faults{},
		settings: settings,
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.hooks = kit.NewHooks(kit.HooksConfig{Ledger: ledger, Authorize: e.authorize, Retry: e.hookWaits, Logger: e.log})
	return e, nil
}

// Handler is the vendor's host: the API under BasePath with faults applied and every request
// recorded. The ledger and the faults see paths relative to BasePath; a path outside it is
// recorded whole and, but for the file storage, answered 404.
func (e *Emulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /end_users", e.serve(e.upsertEndUser))
	mux.HandleFunc("GET /end_users", e.serve(e.findEndUser))
	mux.HandleFunc("POST /outbound_dialer/campaigns/{campaign_id}/contacts", e.serve(e.addContact))
	mux.HandleFunc("GET /outbound_dialer/campaigns/{campaign_id}/contacts", e.serve(e.listContacts))
	mux.HandleFunc("PATCH /outbound_dialer/campaigns/{campaign_id}/contact", e.serve(e.updateContact))
	mux.HandleFunc("DELETE /outbound_dialer/campaigns/{campaign_id}/contact", e.serve(e.removeContact))
	mux.HandleFunc("GET /wait_times", e.serve(e.waitTimes))
	for _, routes := range []func(*http.ServeMux){
		e.callRoutes, e.chatRoutes, e.escalationRoutes, e.mediaRoutes, e.bulkRoutes, e.importRoutes, e.agentRoutes, e.queueRoutes,
		e.listRoutes, e.dncRoutes,
	} {
		routes(mux)
	}
	mux.HandleFunc("/", e.serve(unknownRoute))

	inside := e.admit(kit.Wrap(e.ledger, e.faults, e.now, enforce(e.workersFirst(mux))))
	beside := http.NewServeMux()
	beside.Handle(storagePath, e.storage())
	beside.Handle(storagePath+"/", e.storage())
	beside.HandleFunc("/", e.serve(unknownRoute))
	return kit.Rooted(BasePath, inside, kit.Wrap(e.ledger, e.faults, e.now, beside))
}

func unknownRoute(http.ResponseWriter, *http.Request) (reply, error) { return reply{}, notFound() }

// Control is the emulator's control API: ledger, requests, records, faults and settings.
func (e *Emulator) Control() http.Handler {
	return kit.Control(kit.ControlTarget{
		Ledger: e.ledger, Faults: e.faults, Settings: e.settings,
		Routes: slices.Concat(
			e.callControl(), e.chatControl(), e.openControl(), e.contactControl(), e.agentControl(), e.jobControl(), e.hooks.Routes(),
		),
	})
}

// Ledger is what the vendor knows and what it was asked.
func (e *Emulator) Ledger() *kit.Ledger { return e.ledger }

// Faults is the list of planned misbehaviours.
func (e *Emulator) Faults() *kit.Faults { return e.faults }

// Settings holds the vendor's switches.
func (e *Emulator) Settings() *kit.Settings[Settings] { return e.settings }

// Hooks sends what the vendor tells its client.
func (e *Emulator) Hooks() *kit.Hooks { return e.hooks }

// Close stops the webhooks and releases the ledger; the emulator answers nothing useful afterwards.
func (e *Emulator) Close() error {
	e.hooks.Close()
	return e.ledger.Close()
}
