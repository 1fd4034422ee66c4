package verse

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// action is one of the three ways to end a conversation: EndConversation makes the lead qualified, StopConversation and
// OptOutLead unqualified, the latter with the person on the account's do-not-contact list. None takes a reason; the caller's
// stays with us.
func (a *Adapter) action(rpc string) adapters.LeadWrite {
	return adapters.LeadWrite{
		Class: classOf,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			call, err := a.actionCall(rpc, in)
			if err != nil {
				return nil, nil, err
			}
			requests, err := a.client.PreviewAll(public, call)
			return requests, nil, err
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return a.act(ctx, rpc, in)
		},
	}
}

// act ends the conversation. After an attempt of unknown outcome, a conversation that is no longer there was ended by it.
func (a *Adapter) act(ctx context.Context, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	call, err := a.actionCall(rpc, in)
	if err != nil {
		return adapters.LeadResult{}, err
	}
	known := in.Engagement.GetVendorLeadId()
	reply, answer, err := vendorhttp.Do[done](ctx, a.client, call)
	if e, ok := errors.AsType[*adapters.Error](err); ok && e.Kind == adapters.KindNotFound && in.Recheck {
		return adapters.LeadResult{VendorLeadID: known, RequestID: e.RequestID, HTTPStatus: e.Status}, nil
	}
	if err != nil {
		return adapters.LeadResult{}, err
	}
	id := cmp.Or(known, reply.Lead.id())
	return adapters.LeadResult{
		VendorLeadID: id, VendorURL: page(id), RequestID: answer.RequestID(), HTTPStatus: answer.Status,
	}, nil
}

// actionCall names the conversation: by Verse's own ID where we know it, else by phone, else by e-mail. If several
// conversations match a phone or an address, Verse takes the newest active one (assumed).
func (a *Adapter) actionCall(rpc string, in adapters.LeadInput) (vendorhttp.Call, error) {
	refuse := func(message string, fields []*leadmuxv1.FieldViolation) error {
		return &adapters.Error{Vendor: Vendor, Op: rpc, Kind: adapters.KindInvalid, Message: message, Fields: fields}
	}
	id := in.Engagement.GetVendorLeadId()
	if a.client.HasVar(rpc, varID) {
		if id == "" {
			return vendorhttp.Call{}, refuse(`Verse has not told its ID of the lead yet, which the account's route has as "{id}"`, nil)
		}
		// The path names the conversation. A validator that knows no other key would refuse searchValue, and one that wants
		// JSON a missing body; an empty object passes both (assumed).
		return vendorhttp.Call{Op: rpc, Route: rpc, Vars: map[string]string{varID: id}, Body: struct{}{}}, nil
	}
	search := cmp.Or(id, strings.TrimSpace(in.Lead.GetPhone()), strings.TrimSpace(in.Lead.GetEmail()))
	if search == "" {
		return vendorhttp.Call{}, refuse("", contactNeeded())
	}
	return vendorhttp.Call{Op: rpc, Route: rpc, Body: map[string]string{"searchValue": search}}, nil
}

// done is the answer to an action in both of its documented forms, {"status":"success"} and, as of 2020,
// {"statusCode":200,"body":{…}}.
type done struct {
	// Lead is the lead of the older form; empty in the other.
	Lead created
}

// errNotDone says that an answer speaks of success by its HTTP status and of something else in its body.
var errNotDone = errors.New("the answer contradicts its status")

// UnmarshalJSON refuses an object whose own status is no success: Verse is reached through a gateway that may hand on a
// failure as 200 (inferred from the older form). Any other object is a success.
func (d *done) UnmarshalJSON(raw []byte) error {
	var wire struct {
		Status     json.RawMessage `json:"status"`
		StatusCode json.RawMessage `json:"statusCode"`
		Body       json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	if word := text(wire.Status); word != "" && !strings.EqualFold(word, "success") {
		return errNotDone
	}
	var code int
	if json.Unmarshal(wire.StatusCode, &code) == nil && (code < 200 || code > 299) {
		return errNotDone
	}
	if json.Unmarshal(wire.Body, &d.Lead) != nil {
		d.Lead = nil // no document has another form
	}
	return nil
}
