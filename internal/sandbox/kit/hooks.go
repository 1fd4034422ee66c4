package kit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// hookTimeout is how long an emulator waits for the answer to a webhook.
const hookTimeout = 10 * time.Second

// HooksConfig says how an emulator sends webhooks.
type HooksConfig struct {
	// Ledger keeps them. Required.
	Ledger *Ledger
	// Authorize adds the credentials of a hook to the request that is about to
	// be sent; body is what is sent. With Spoilt they must be wrong. Nil adds
	// none; the address is then what proves it, and is spoilt.
	Authorize func(h Hook, body []byte, header http.Header)
	// Retry gives the waits between attempts; after the last one the hook has
	// failed. Nil is one attempt.
	Retry func() []time.Duration
	// Accept judges the body of a 2xx answer; an error counts as no success.
	// Nil takes any.
	Accept func(h Hook, answer []byte) error
	// Logger takes failures of the emulator itself; nil is silence.
	Logger *slog.Logger
}

// Hooks sends an emulator's webhooks: each is stored in the transaction that
// brings it about, so none is forgotten, and sent in that order, at least once,
// also after a restart. A hook that fails is tried again later; others go past
// it. It sends to loopback only.
type Hooks struct {
	cfg    HooksConfig
	client *http.Client
	wake   chan struct{}
	stop   context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	faults []HookFault
}

// NewHooks starts sending what is waiting; Close ends it.
func NewHooks(cfg HooksConfig) *Hooks {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	h := &Hooks{cfg: cfg, client: loopbackClient(), wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go h.run(ctx)
	return h
}

// loopbackClient reaches nothing but loopback, follows no redirect, and keeps no
// connection, since receivers come and go.
func loopbackClient() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if !isLoopback(host) {
			return nil, fmt.Errorf("%s is not on loopback", host)
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return &http.Client{
		Timeout:       hookTimeout,
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close stops sending; what is waiting stays so. It waits for the sending that
// is under way, which it cuts short.
func (h *Hooks) Close() {
	h.stop()
	<-h.done
}

// Put stores a webhook with the transaction; it is sent once that has
// committed. Without a URL it does nothing.
func (h *Hooks) Put(tx *Tx, hook Hook) error {
	if hook.URL == "" {
		return nil
	}
	if err := CheckHookURL("url", hook.URL); err != nil {
		return err
	}
	seq, err := tx.NextID(KindHook)
	if err != nil {
		return err
	}
	hook.Seq, hook.State, hook.Copies, hook.Due = seq, HookWaiting, 1, time.Now().UTC()
	if fault, hit := h.takeFault(hook.Event); hit {
		fault.apply(&hook)
	}
	return h.keep(tx, hook)
}

// keep stores a hook, and whether it is still to be sent.
func (h *Hooks) keep(tx *Tx, hook Hook) error {
	id := hookID(hook.Seq)
	if err := tx.Put(KindHook, id, hook); err != nil {
		return err
	}
	if hook.State != HookWaiting {
		return tx.Delete(kindWaiting, id)
	}
	tx.btx.OnCommit(h.nudge)
	return tx.Put(kindWaiting, id, true)
}

// hookID is the ledger's id of a hook, in an order that is that of the numbers.
func hookID(seq uint64) string { return fmt.Sprintf("%012d", seq) }

// List returns all hooks in the order of what they tell.
func (h *Hooks) List() ([]Hook, error) {
	list := []Hook{}
	err := h.cfg.Ledger.View(func(tx *Tx) error {
		return tx.Each(KindHook, func(id string, raw json.RawMessage) error {
			var hook Hook
			if err := json.Unmarshal(raw, &hook); err != nil {
				return fmt.Errorf("decode hook %s: %w", id, err)
			}
			list = append(list, hook)
			return nil
		})
	})
	return list, err
}

// waiting returns the hooks still to be sent, in order.
func waiting(tx *Tx) ([]Hook, error) {
	var list []Hook
	err := tx.Each(kindWaiting, func(id string, _ json.RawMessage) error {
		var hook Hook
		_, err := tx.Get(KindHook, id, &hook)
		list = append(list, hook)
		return err
	})
	return list, err
}

// Resend sends a hook once more, whatever became of it.
func (h *Hooks) Resend(seq uint64) error {
	return h.cfg.Ledger.Update(func(tx *Tx) error {
		var hook Hook
		found, err := tx.Get(KindHook, hookID(seq), &hook)
		if err != nil {
			return err
		}
		if !found {
			return errors.New("there is no hook " + strconv.FormatUint(seq, 10))
		}
		hook.State, hook.Copies, hook.Due, hook.Behind = HookWaiting, 1, time.Now().UTC(), false
		return h.keep(tx, hook)
	})
}

// nudge tells the sender that there may be something to do.
func (h *Hooks) nudge() {
	select {
	case h.wake <- struct{}{}:
	default: // it has been told already
	}
}

// AddFaults appends planned faults; a bad one is refused, and then none is added.
func (h *Hooks) AddFaults(faults ...HookFault) error {
	for i := range faults {
		if err := faults[i].check(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
		faults[i].Count = cmp.Or(faults[i].Count, 1)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, faults...)
	return nil
}

// takeFault uses up one application of the first fault that fits the event.
func (h *Hooks) takeFault(event string) (HookFault, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, f := range h.faults {
		if f.Count == 0 || f.Event != "" && f.Event != event {
			continue
		}
		if f.Count > 0 {
			h.faults[i].Count--
		}
		return f, true
	}
	return HookFault{}, false
}
