package ujet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// callsOnly is what an acknowledgement of the do-not-call list covers. The vendor's documents say of it that it blocks calls,
// direct, by hand and by the API, and nothing of text messages or chats.
const callsOnly = "calls only"

// Reach is calls: by a campaign or by hand. Text messages are sent only where a caller of ours asks for each one, and there is
// no e-mail.
func (*Adapter) Reach(channel leadmuxv1.ContactChannel) adapters.Reach {
	if channel == leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL {
		return adapters.ReachAlways
	}
	return adapters.ReachNever
}

// dncContact is one entry of operation 50's contacts. Without expires_at it stays for good.
type dncContact struct {
	PhoneNumber string `json:"phone_number"`
}

// phonesOf are the phones of a lead, each once.
func phonesOf(lead *leadmuxv1.Lead) []string {
	var all []string
	for _, phone := range []string{lead.GetPhone(), lead.GetHomePhone(), lead.GetWorkPhone()} {
		if phone != "" && !slices.Contains(all, phone) {
			all = append(all, phone)
		}
	}
	return all
}

// listNumbers puts the numbers on the company's do-not-call list (operation 50).
func (p plan) listNumbers(phones []string) vendorhttp.Call {
	contacts := make([]dncContact, len(phones))
	for i, phone := range phones {
		contacts[i].PhoneNumber = phone
	}
	return vendorhttp.Call{Op: p.op, Route: routeAddDoNotCallNumbers, Body: map[string]any{"contacts": contacts}}
}

// unlistNumbers takes them off it (operation 51).
func (p plan) unlistNumbers(phones []string) vendorhttp.Call {
	return vendorhttp.Call{Op: p.op, Route: routeRemoveDoNotCallNumbers, Body: map[string]any{"phone_numbers": phones}}
}

// optingOut is how a person is kept from being called: the numbers go on the list, which blocks calls at once, then the
// contact leaves its campaign. Both name what they are about, so that doing them again changes nothing.
func (a *Adapter) optingOut() adapters.LeadWrite {
	return adapters.LeadWrite{
		Class: keyed,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			p, phones := a.planKnown(opOptOutLead, in), phonesOf(in.Lead)
			p.warnings = nil
			var calls []vendorhttp.Call
			if len(phones) > 0 {
				calls = append(calls, p.listNumbers(phones))
			}
			if p.campaignID != "" {
				calls = append(calls, p.withContact(p.leave())...)
			}
			if len(calls) == 0 {
				return nil, nil, noNumber(p.op)
			}
			return a.preview(p, calls)
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			return a.optOut(ctx, a.planKnown(opOptOutLead, in), phonesOf(in.Lead))
		},
	}
}

func (a *Adapter) optOut(ctx context.Context, p plan, phones []string) (adapters.LeadResult, error) {
	var result adapters.LeadResult
	if len(phones) == 0 && p.campaignID == "" {
		return result, noNumber(p.op)
	}
	if len(phones) > 0 {
		answer, err := a.client.Send(ctx, p.listNumbers(phones))
		if err == nil {
			err = refusedNumbers(p.op, answer)
		}
		if err != nil {
			return result, asRouteUnknown(err)
		}
		result.RequestID, result.HTTPStatus, result.Note = answer.RequestID(), answer.Status, callsOnly
	}
	if p.campaignID == "" {
		return result, nil
	}
	left, err := a.leaveCampaign(ctx, p)
	if err == nil {
		left.Note = callsOnly
	}
	return left, err
}

// reconsenting takes the numbers off the list. That one of them was not there is as good.
func (a *Adapter) reconsenting() adapters.LeadWrite {
	return adapters.LeadWrite{
		Class: keyed,
		Preview: func(in adapters.LeadInput) ([]*leadmuxv1.VendorRequest, []*leadmuxv1.Warning, error) {
			p, phones := a.planKnown(opReconsent, in), phonesOf(in.Lead)
			if p.warnings = nil; len(phones) == 0 {
				return nil, nil, noNumber(p.op)
			}
			return a.preview(p, []vendorhttp.Call{p.unlistNumbers(phones)})
		},
		Send: func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
			p, phones := a.planKnown(opReconsent, in), phonesOf(in.Lead)
			if len(phones) == 0 {
				return adapters.LeadResult{}, noNumber(p.op)
			}
			answer, err := a.client.Send(ctx, p.unlistNumbers(phones))
			if err != nil {
				return adapters.LeadResult{}, asRouteUnknown(err)
			}
			return adapters.LeadResult{RequestID: answer.RequestID(), HTTPStatus: answer.Status, Note: callsOnly}, nil
		},
	}
}

// noNumber says that UJET cannot be told of a person without a phone: its list is of numbers.
func noNumber(op string) error {
	return &adapters.Error{Vendor: Vendor, Op: op, Kind: adapters.KindNotSupported, Message: "its list is of phone numbers, and the lead has none"}
}

// errNumbers says that the list did not take a number. Its text holds none.
var errNumbers = errors.New("the do-not-call list refused a number")

// refusedNumbers reads the answer of operation 50, which is 200 even when it refuses: one status for each number. A body of
// another shape says nothing against the 200.
func refusedNumbers(op string, answer vendorhttp.Answer) error {
	var items []struct {
		Status string `json:"status"`
	}
	_ = json.Unmarshal(answer.Body, &items) // what cannot be read refuses nothing
	refused := 0
	for _, item := range items {
		if item.Status == "failed" {
			refused++
		}
	}
	if refused == 0 {
		return nil
	}
	return &adapters.Error{
		Vendor: Vendor, Op: op, Kind: adapters.KindInvalid, Status: answer.Status, RequestID: answer.RequestID(), Cause: errNumbers,
		Message: fmt.Sprintf("its do-not-call list refused %d of %d numbers", refused, len(items)),
		Fields:  []*leadmuxv1.FieldViolation{{Field: fieldPhone, Description: "UJET's do-not-call list does not take it"}},
	}
}
