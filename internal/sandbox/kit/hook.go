package kit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// KindHook is the ledger kind of the webhooks an emulator has to send or has
// sent, each under its number.
const KindHook = "hook"

// kindWaiting is the hidden ledger kind that lists the webhooks still to be sent.
const kindWaiting = "_hookWaiting"

// States of a webhook.
const (
	// HookWaiting has still to be sent, or to be sent again.
	HookWaiting = "waiting"
	// HookDelivered was answered with 2xx as often as planned.
	HookDelivered = "delivered"
	// HookFailed was sent as often as the vendor tries, in vain.
	HookFailed = "failed"
	// HookDropped was lost by a planned fault before it was sent.
	HookDropped = "dropped"
)

// Hook is one webhook: what a vendor tells its client, and what became of it.
// Credentials are no part of it; they are made when it is sent.
type Hook struct {
	// Seq numbers hooks in the order of what they tell, from 1.
	Seq uint64 `json:"seq"`
	// Endpoint is which of the client's endpoints it is for, by the emulator's
	// own name.
	Endpoint string `json:"endpoint"`
	// Event is what it tells, in the vendor's word.
	Event string `json:"event"`
	// URL is where it goes.
	URL string `json:"url"`
	// Body is what is sent, byte by byte.
	Body json.RawMessage `json:"body"`
	// State is HookWaiting, HookDelivered, HookFailed or HookDropped.
	State string `json:"state"`
	// Fault describes the planned fault that applies, if any.
	Fault string `json:"fault,omitempty"`
	// Due is when it is sent next.
	Due time.Time `json:"due"`
	// Copies is how many deliveries are still to come.
	Copies int `json:"copies"`
	// Spoilt sends it with a credential that is wrong.
	Spoilt bool `json:"spoilt,omitempty"`
	// Behind holds it back until a later one of the same endpoint has been sent.
	Behind bool `json:"behind,omitempty"`
	// Attempts are the sendings so far.
	Attempts []HookAttempt `json:"attempts,omitempty"`
}

// HookAttempt is one sending.
type HookAttempt struct {
	// Time is when the answer came, or when none was waited for any more.
	Time time.Time `json:"time"`
	// Status is the HTTP status of the answer; 0 is none.
	Status int `json:"status"`
	// Error says why there was no answer.
	Error string `json:"error,omitempty"`
	// Answer is the start of the answer's body.
	Answer string `json:"answer,omitempty"`
}

// failures counts the attempts in a row, up to the last, that were not taken.
func (h *Hook) failures() int {
	n := 0
	for _, a := range slices.Backward(h.Attempts) {
		if a.Status >= 200 && a.Status < 300 {
			break
		}
		n++
	}
	return n
}

// CheckHookURL refuses where an emulator must not send: whatever is not plain
// HTTP on loopback. An empty URL is off.
func CheckHookURL(name, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("%s must be a http URL on loopback, or empty", name)
	}
	if !isLoopback(u.Hostname()) {
		return fmt.Errorf("%s must be on loopback: emulators send nowhere else", name)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// HookFault is one planned misbehaviour in sending webhooks.
type HookFault struct {
	// Event limits the fault to one event; empty is any.
	Event string `json:"event,omitempty"`
	// Count is how many hooks it applies to: 0 is read as 1, -1 is all until
	// cleared.
	Count int `json:"count"`
	// Duplicate sends it so many times more, 1 to 100.
	Duplicate int `json:"duplicate,omitempty"`
	// DelayMS waits so many milliseconds before it is sent.
	DelayMS int `json:"delayMs,omitempty"`
	// Drop loses it.
	Drop bool `json:"drop,omitempty"`
	// Reorder sends it after the next one of the same endpoint.
	Reorder bool `json:"reorder,omitempty"`
	// BadSignature sends it with a wrong signature, token, password, or secret in
	// its address, whichever proves it.
	BadSignature bool `json:"badSignature,omitempty"`
}

// check refuses faults that contradict themselves or do nothing.
func (f HookFault) check() error {
	sends := f.Duplicate > 0 || f.DelayMS > 0 || f.Reorder || f.BadSignature
	switch {
	case f.Count < -1:
		return errors.New("count must be -1 (until cleared), or how many hooks")
	case f.Duplicate < 0 || f.Duplicate > 100:
		return errors.New("duplicate must be 1 to 100 more deliveries")
	case f.DelayMS < 0 || f.DelayMS > maxDelayMS:
		return fmt.Errorf("delayMs must be 0 to %d", maxDelayMS)
	case f.Drop && sends:
		return errors.New("drop sends nothing: all other faults must be left out")
	case !f.Drop && !sends:
		return errors.New("a fault needs one of duplicate, delayMs, drop, reorder, badSignature")
	}
	return nil
}

// apply plans the fault for a hook.
func (f HookFault) apply(h *Hook) {
	h.Copies += f.Duplicate
	h.Due = h.Due.Add(time.Duration(f.DelayMS) * time.Millisecond)
	h.Behind, h.Spoilt = f.Reorder, f.BadSignature
	if f.Drop {
		h.State = HookDropped
	}
	h.Fault = f.String()
}

// String describes the fault for the ledger, for example "delay 2s, reorder".
func (f HookFault) String() string {
	var parts []string
	add := func(on bool, word string) {
		if on {
			parts = append(parts, word)
		}
	}
	add(f.Duplicate > 0, fmt.Sprintf("duplicate %d", f.Duplicate))
	add(f.DelayMS > 0, fmt.Sprintf("delay %v", time.Duration(f.DelayMS)*time.Millisecond))
	add(f.Drop, "drop")
	add(f.Reorder, "reorder")
	add(f.BadSignature, "bad signature")
	return strings.Join(parts, ", ")
}
