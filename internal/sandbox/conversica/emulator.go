package conversica

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Path is the one endpoint; the slash at its end belongs to it.
const Path = "/json/"

// Defaults of the sandbox; neither is a secret.
const (
	DefaultUsername = "sandbox-conversica"
	DefaultPassword = "sandbox-conversica-password"
)

// Config says how an emulator is built. The zero value but for Dir is valid.
type Config struct {
	// Dir is the folder of the ledger file conversica.db. Required.
	Dir string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Username and Password are the pair for HTTP Basic; empty ones have their
	// default.
	Username, Password string
	// Logger gets faults of the emulator itself, never a person's data or a
	// password; nil discards.
	Logger *slog.Logger
}

// Emulator is one emulated Conversica integration. It is safe for concurrent
// use.
type Emulator struct {
	ledger   *kit.Ledger
	faults   *kit.Faults
	settings *kit.Settings[Settings]
	gate     *gate
	hooks    *kit.Hooks
	now      func() time.Time
	log      *slog.Logger
}

// New opens the ledger and builds the emulator.
func New(cfg Config) (*Emulator, error) {
	ledger, err := kit.OpenLedger(filepath.Join(cfg.Dir, "conversica.db"))
	if err != nil {
		return nil, err
	}
	settings, err := kit.NewSettings(ledger, defaultSettings(), Settings.check)
	if err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	e := &Emulator{
		ledger: ledger, faults: &kit.Faults{}, settings: settings, now: cfg.Now, log: cfg.Logger,
		gate: newGate(cmp.Or(cfg.Username, DefaultUsername), cmp.Or(cfg.Password, DefaultPassword)),
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.hooks = kit.NewHooks(kit.HooksConfig{
		Ledger: ledger, Authorize: e.authorize, Retry: e.hookWaits, Accept: accept, Logger: e.log,
	})
	return e, nil
}

// Handler is the vendor's API with ledger and faults around it, rooted at the
// server's address.
func (e *Emulator) Handler() http.Handler {
	return kit.Wrap(e.ledger, e.faults, e.now, http.HandlerFunc(e.serve))
}

// Control is the control API; beside what every emulator has it plays the
// conversations' script at /script, hands chat visitors over at /chatLead and
// shows the callbacks it has sent at /hooks.
func (e *Emulator) Control() http.Handler {
	return kit.Control(kit.ControlTarget{
		Ledger: e.ledger, Faults: e.faults, Settings: e.settings, Routes: append([]kit.Route{e.playRoute(), e.chatRoute()}, e.hooks.Routes()...),
	})
}

// Ledger is what happened at the vendor; leads are of kind KindLead, and the
// callbacks it owes its customer of kind KindCallback.
func (e *Emulator) Ledger() *kit.Ledger { return e.ledger }

// Faults is the plan of misbehaviour.
func (e *Emulator) Faults() *kit.Faults { return e.faults }

// Settings are the vendor's switches.
func (e *Emulator) Settings() *kit.Settings[Settings] { return e.settings }

// Hooks sends the callbacks.
func (e *Emulator) Hooks() *kit.Hooks { return e.hooks }

// Close stops the callbacks and releases the ledger; the handlers must not be
// used any more.
func (e *Emulator) Close() error {
	e.hooks.Close()
	return e.ledger.Close()
}
