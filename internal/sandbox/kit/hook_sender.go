package kit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// answerKept is how much of a receiver's answer the ledger keeps, in bytes.
const answerKept = 512

// run sends what is due until it is stopped.
func (h *Hooks) run(ctx context.Context) {
	defer close(h.done)
	for ctx.Err() == nil {
		next, err := h.round(ctx)
		if err != nil && ctx.Err() == nil {
			h.cfg.Logger.Error("sandbox webhooks failed", "error", err)
			return // the ledger is broken or closed
		}
		var timer <-chan time.Time
		if next != nil {
			timer = time.After(time.Until(*next))
		}
		select {
		case <-h.wake:
		case <-timer:
		case <-ctx.Done():
		}
	}
}

// round sends every hook that is due, in order, and returns when the next one
// is; nil means that none is waiting for its time.
func (h *Hooks) round(ctx context.Context) (*time.Time, error) {
	var list []Hook
	err := h.cfg.Ledger.View(func(tx *Tx) (err error) {
		list, err = waiting(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var next *time.Time
	for _, hook := range list {
		switch {
		case hook.Behind: // until a later one has been sent
		case time.Until(hook.Due) <= 0:
			if err := h.send(ctx, hook); err != nil {
				return nil, err
			}
		case next == nil || hook.Due.Before(*next):
			next = &hook.Due
		}
	}
	return next, nil
}

// send makes one attempt and stores what came of it. When the emulator stops
// meanwhile nothing is stored, and the hook goes again after the restart.
func (h *Hooks) send(ctx context.Context, hook Hook) error {
	attempt := h.attempt(ctx, hook)
	select {
	case <-ctx.Done():
		return nil
	default:
	}
	return h.cfg.Ledger.Update(func(tx *Tx) error {
		var now Hook
		if found, err := tx.Get(KindHook, hookID(hook.Seq), &now); err != nil || !found {
			return err
		}
		now.Attempts = append(now.Attempts, attempt)
		h.settle(&now)
		return errors.Join(h.keep(tx, now), h.release(tx, now))
	})
}

// settle decides what follows from the last attempt.
func (h *Hooks) settle(hook *Hook) {
	last := hook.Attempts[len(hook.Attempts)-1]
	if last.Status >= 200 && last.Status < 300 {
		if hook.Copies--; hook.Copies <= 0 {
			hook.State = HookDelivered
		}
		return
	}
	var waits []time.Duration
	if h.cfg.Retry != nil {
		waits = h.cfg.Retry()
	}
	n := hook.failures()
	if n > len(waits) {
		hook.State = HookFailed
		return
	}
	hook.Due = time.Now().UTC().Add(waits[n-1])
}

// release lets the hooks go that waited until this one, later than they, was sent.
func (h *Hooks) release(tx *Tx, sent Hook) error {
	list, err := waiting(tx)
	for _, hook := range list {
		if hook.Behind && hook.Endpoint == sent.Endpoint && hook.Seq < sent.Seq {
			hook.Behind = false
			err = errors.Join(err, h.keep(tx, hook))
		}
	}
	return err
}

// attempt posts the hook once.
func (h *Hooks) attempt(ctx context.Context, hook Hook) HookAttempt {
	status, answer, err := h.post(ctx, hook)
	a := HookAttempt{Time: time.Now().UTC(), Status: status, Answer: string(answer)}
	if err == nil && status >= 200 && status < 300 && h.cfg.Accept != nil {
		if err = h.cfg.Accept(hook, answer); err != nil {
			a.Status = 0
		}
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func (h *Hooks) post(ctx context.Context, hook Hook) (int, []byte, error) {
	address := hook.URL
	if hook.Spoilt && h.cfg.Authorize == nil {
		address = elsewhere(address)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(hook.Body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.cfg.Authorize != nil {
		h.cfg.Authorize(hook, hook.Body, r.Header)
	}
	res, err := h.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerKept))
	return res.StatusCode, answer, err
}

// elsewhere spoils the address of a hook that has no other proof: the secret in it, the part before the last, is wrong.
func elsewhere(address string) string {
	end := strings.LastIndexByte(address, '/')
	return address[:end] + "-wrong" + address[end:]
}
