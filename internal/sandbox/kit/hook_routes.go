package kit

import (
	"errors"
	"net/http"
	"slices"
)

// Routes are the control routes about webhooks.
func (h *Hooks) Routes() []Route {
	return []Route{
		{http.MethodGet, "/hooks", "The webhooks sent and to be sent, with every attempt.", h.getHooks},
		{http.MethodPost, "/hooks/resend", `Sends one again: {"seq"}.`, h.postResend},
		{http.MethodGet, "/hooks/faults", "The planned faults of webhooks still to come.", h.getFaults},
		{http.MethodPost, "/hooks/faults", `Plans one such fault, or many as {"faults":[…]}.`, h.postFaults},
		{http.MethodDelete, "/hooks/faults", "Removes them all.", h.deleteFaults},
	}
}

func (h *Hooks) getHooks(r *http.Request, _ []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	list, err := h.List()
	return map[string]any{"hooks": list}, err
}

func (h *Hooks) postResend(r *http.Request, body []byte) (any, error) {
	var in struct {
		Seq uint64 `json:"seq"`
	}
	if _, err := Query(r); err != nil {
		return nil, err
	}
	if err := DecodeStrict(body, &in); err != nil {
		return nil, err
	}
	return struct{}{}, h.Resend(in.Seq)
}

func (h *Hooks) getFaults(r *http.Request, _ []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(h.faults), func(f HookFault) bool { return f.Count == 0 })
	return map[string]any{"faults": emptyNotNull(left)}, nil
}

func (h *Hooks) postFaults(r *http.Request, body []byte) (any, error) {
	faults, err := parseFaults[HookFault](body)
	if err != nil {
		return nil, err
	}
	if len(faults) == 0 {
		return nil, errors.New("no fault given")
	}
	if err := h.AddFaults(faults...); err != nil {
		return nil, err
	}
	return h.getFaults(r, nil)
}

func (h *Hooks) deleteFaults(r *http.Request, _ []byte) (any, error) {
	h.mu.Lock()
	h.faults = nil
	h.mu.Unlock()
	return h.getFaults(r, nil)
}
