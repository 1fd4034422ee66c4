// Package convertalk emulates Convertalk, a white label of BotPenguin: the upsert of one chat user
// (PUT /inbox/direct/lead), the paged listing (GET /inbox/direct/chats), the visitors who make
// records of their own by opening the chat widget, the agents who work on them in the inbox, and the
// webhooks that the parent vendor sends.
//
// Invariants: every answer that says something was stored leaves after the ledger has it on disk;
// a uuid has at most one record, which counts the PUTs it took; what the vendor's documents leave
// open is a switch in Settings.
//
// The emulator judges the adapter in crash tests, so it shares no code with it. Only the sandbox
// and tests may import this package.
package convertalk

import (
	"cmp"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Credentials and ids of an emulator whose Config leaves them empty.
const (
	DefaultToken      = "sandbox-convertalk-token"
	DefaultBotID      = "5a4db0c0ffee000000000b07"
	DefaultCustomerID = "5a4db0c0ffee000000000c05"
)

// Config says where an emulator keeps its ledger, whose account it is and whom it lets in.
type Config struct {
	// Dir holds the ledger file convertalk.db; it is created when missing.
	Dir string
	// Now is the clock of the ledger, the listing lag and all times shown; nil means time.Now.
	Now func() time.Time
	// Token is what the PUT takes, BotToken what the listing takes; an empty BotToken is Token.
	Token, BotToken string
	// BotID and CustomerID are the one bot and customer the tokens belong to.
	BotID, CustomerID string
	// Logger takes failures of the emulator itself, never a person's data; nil means silence.
	Logger *slog.Logger
}

// Emulator is one emulated Convertalk bot. It is safe for concurrent use.
type Emulator struct {
	now               func() time.Time
	log               *slog.Logger
	token, botToken   string
	botID, customerID string
	ledger            *kit.Ledger
	faults            *kit.Faults
	settings          *kit.Settings[Settings]
	index             *index
	hooks             *kit.Hooks
}

// New opens the ledger and starts an emulator on it; what an earlier one stored is still there.
// It fails when the ledger cannot be opened, for one because another process has it.
func New(cfg Config) (*Emulator, error) {
	ledger, err := kit.OpenLedger(filepath.Join(cfg.Dir, "convertalk.db"))
	if err != nil {
		return nil, err
	}
	settings, err := kit.NewSettings(ledger, defaultSettings(), Settings.validate)
	if err != nil {
		_ = ledger.Close() // the first error tells more
		return nil, err
	}
	index, err := loadIndex(ledger)
	if err != nil {
		_ = ledger.Close() // the first error tells more
		return nil, err
	}
	token := cmp.Or(cfg.Token, DefaultToken)
	e := &Emulator{
		now:        cfg.Now,
		log:        cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		token:      token,
		botToken:   cmp.Or(cfg.BotToken, token),
		botID:      cmp.Or(cfg.BotID, DefaultBotID),
		customerID: cmp.Or(cfg.CustomerID, DefaultCustomerID),
		ledger:     ledger,
		faults:     &kit.Faults{},
		settings:   settings,
		index:      index,
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.hooks = kit.NewHooks(kit.HooksConfig{Ledger: ledger, Retry: e.hookWaits, Logger: e.log})
	return e, nil
}

// Handler is the vendor's host, rooted at "/", with faults applied and every request recorded.
func (e *Emulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /inbox/direct/lead", e.serve(e.putLead))
	mux.HandleFunc("GET /inbox/direct/chats", e.serve(e.listChats))
	mux.HandleFunc("POST /integrations/custom-app/subscribe-trigger-event", e.serve(e.subscribe))
	mux.HandleFunc("POST /integrations/custom-app/fetch-subscribed-webhooks", e.serve(e.listWebhooks))
	mux.HandleFunc("/", e.serve(unknownRoute))
	return kit.Wrap(e.ledger, e.faults, e.now, mux)
}

// Control is the emulator's control API: ledger, requests, records, faults, settings, visitors,
// agents and webhooks.
func (e *Emulator) Control() http.Handler {
	return kit.Control(kit.ControlTarget{
		Ledger: e.ledger, Faults: e.faults, Settings: e.settings, Routes: append([]kit.Route{e.visitorRoute(), e.agentRoute()}, e.hooks.Routes()...),
	})
}

// Ledger is what the vendor knows and what it was asked.
func (e *Emulator) Ledger() *kit.Ledger { return e.ledger }

// Faults is the list of planned misbehaviours.
func (e *Emulator) Faults() *kit.Faults { return e.faults }

// Settings holds the vendor's switches.
func (e *Emulator) Settings() *kit.Settings[Settings] { return e.settings }

// Hooks sends the webhooks.
func (e *Emulator) Hooks() *kit.Hooks { return e.hooks }

// Close stops the webhooks and releases the ledger; the emulator answers nothing useful afterwards.
func (e *Emulator) Close() error {
	e.hooks.Close()
	return e.ledger.Close()
}

// clock is the emulator's time cut to what the vendor's time form can carry.
func (e *Emulator) clock() time.Time { return e.now().UTC().Truncate(time.Millisecond) }
