package verse

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// BasePath is the path that a client's base URL ends in.
const BasePath = "/v1"

// Defaults of the sandbox; neither is a secret.
const (
	DefaultAccount = "default"
	DefaultKey     = "sandbox-verse-key"
)

// Config says how an emulator is built. The zero value but for Dir is valid.
type Config struct {
	// Dir is the folder of the ledger file verse.db. Required.
	Dir string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Accounts are the team's accounts; empty is one, DefaultAccount with
	// DefaultKey. More can join by a control call.
	Accounts []Account
	// Paths are the routes under BasePath; empty ones have their default.
	Paths Paths
	// Logger gets faults of the emulator itself, never a person's data or a
	// key; nil discards.
	Logger *slog.Logger
}

// Paths are the four routes. Each may hold one segment "{id}", which then
// takes the place of searchValue in the body. Those of Stop and DNC are assumed.
type Paths struct {
	Create, End, Stop, DNC string
}

// withDefaults fills the empty paths.
func (p Paths) withDefaults() Paths {
	return Paths{
		Create: cmp.Or(p.Create, "/zapier"),
		End:    cmp.Or(p.End, "/zapier/end-conversation"),
		Stop:   cmp.Or(p.Stop, "/zapier/stop-conversation"),
		DNC:    cmp.Or(p.DNC, "/zapier/dnc"),
	}
}

// Emulator is one emulated Verse team. It is safe for concurrent use.
type Emulator struct {
	ledger   *kit.Ledger
	faults   *kit.Faults
	settings *kit.Settings[Settings]
	team     *team
	hooks    *kit.Hooks
	routes   []route
	now      func() time.Time
	log      *slog.Logger
}

// New opens the ledger and builds the emulator. Names and keys of accounts must
// be present and unique, and one at most primary.
func New(cfg Config) (*Emulator, error) {
	if len(cfg.Accounts) == 0 {
		cfg.Accounts = []Account{{Name: DefaultAccount, Key: DefaultKey}}
	}
	team, err := newTeam(cfg.Accounts)
	if err != nil {
		return nil, err
	}
	ledger, err := kit.OpenLedger(filepath.Join(cfg.Dir, "verse.db"))
	if err != nil {
		return nil, err
	}
	if err := team.load(ledger); err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	settings, err := kit.NewSettings(ledger, Settings{}, checkAccounts(team))
	if err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	e := &Emulator{
		ledger: ledger, faults: &kit.Faults{}, settings: settings, team: team,
		now: cfg.Now, log: cfg.Logger,
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.routes = e.routeTable(cfg.Paths.withDefaults())
	e.hooks = kit.NewHooks(kit.HooksConfig{Ledger: ledger, Authorize: e.authorize, Retry: e.hookWaits, Logger: e.log})
	return e, nil
}

// Handler is the vendor's API with ledger and faults around it. It answers
// under BasePath: a client's base URL is the server's address plus BasePath.
func (e *Emulator) Handler() http.Handler {
	inside := kit.Wrap(e.ledger, e.faults, e.now, http.HandlerFunc(e.serve))
	outside := kit.Wrap(e.ledger, e.faults, e.now, http.HandlerFunc(e.serveUnknown))
	return kit.Rooted(BasePath, inside, outside)
}

// Control is the control API; beside what every emulator has it offers the
// do-not-contact list at /dnc, the team at /accounts and /bulkEnd, what happens
// to leads at /activities and /callers, and webhooks at /subscriptions and /hooks.
func (e *Emulator) Control() http.Handler {
	return kit.Control(kit.ControlTarget{
		Ledger: e.ledger, Faults: e.faults, Settings: e.settings, Routes: slices.Concat(e.controlRoutes(), e.teamRoutes(), e.activityRoutes(), e.hooks.Routes()),
	})
}

// Ledger is what happened at the vendor; leads are of kind KindLead.
func (e *Emulator) Ledger() *kit.Ledger { return e.ledger }

// Faults is the plan of misbehaviour.
func (e *Emulator) Faults() *kit.Faults { return e.faults }

// Settings are the vendor's switches.
func (e *Emulator) Settings() *kit.Settings[Settings] { return e.settings }

// Hooks sends the vendor's webhooks.
func (e *Emulator) Hooks() *kit.Hooks { return e.hooks }

// Close stops the webhooks and releases the ledger; the handlers must not be
// used any more.
func (e *Emulator) Close() error {
	e.hooks.Close()
	return e.ledger.Close()
}
