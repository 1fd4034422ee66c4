package ujet

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Our names of the fields that a refusal can be about.
const (
	fieldPhone    = "lead.phone"
	fieldOutbound = "vendor_options.ujet.outbound_number"
	fieldCampaign = "vendor_options.ujet.campaign_id"
)

// What a failure of the campaign step leaves behind.
const (
	notAdded   = "the person is stored at UJET but was not added to the campaign"
	notChanged = "UJET has the change, but its campaign may go on with what it knew before"
	notRemoved = "the person may still be in the campaign at UJET"
)

// Texts that the vendor's documents print.
const (
	textMissing   = "param is missing or the value is empty: "
	textDuplicate = "Duplicate request: Please wait for the interval to expire"
)

// problems are the documented ends of a refusal that begins with a field's name. What is not among them stays with us.
var problems = []string{
	"is required", "is invalid", "not found", "is not found", "is not well formed", "is not well-formed",
	"needs to be provided",
}

// ourFields are our fields behind each name that the vendor's texts can hold.
func (a *Adapter) ourFields(wire string) []string {
	switch wire {
	case "identifier":
		return []string{a.identifierField()}
	case "external_unique_id":
		return []string{"lead.lead_id"}
	case "email":
		return []string{"lead.email"}
	case "name":
		return []string{"lead.first_name", "lead.last_name"}
	case "phone", "phone_number":
		return []string{fieldPhone}
	case "outbound_number":
		return []string{fieldOutbound}
	}
	return nil
}

func (a *Adapter) identifierField() string {
	if a.byExternalID {
		return "lead.external_id"
	}
	return "lead.lead_id"
}

// decode reads the vendor's error body, {"message": "…"}. The texts are documented for sibling operations of the same API;
// that these use them too is inferred.
func (a *Adapter) decode(answer vendorhttp.Answer) vendorhttp.Decoded {
	message, ok := messageOf(answer)
	if !ok {
		return vendorhttp.Decoded{}
	}
	if message == textDuplicate { // the same person again too soon: wait, do not refuse
		return vendorhttp.Decoded{Kind: adapters.KindRateLimited, HasKind: true, Message: textDuplicate}
	}
	wire, problem := splitMessage(message)
	ours := a.ourFields(wire)
	if ours == nil {
		return vendorhttp.Decoded{}
	}
	var refused violations
	for _, field := range ours {
		refused.add(field, problem)
	}
	return vendorhttp.Decoded{Message: wire + " " + problem, Fields: refused.found}
}

// messageOf is the text of a refusal, {"message": "…"}; false for an answer that is none.
func messageOf(answer vendorhttp.Answer) (string, bool) {
	var body struct {
		Message string `json:"message"`
	}
	if answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnprocessableEntity {
		return "", false
	}
	err := json.Unmarshal(answer.Body, &body)
	return body.Message, err == nil
}

// splitMessage takes a field's name, in the vendor's words, and the problem with it out of a message. Both are the vendor's
// text until the name is known to be one of ours; the problem is one of problems or our own words.
func splitMessage(message string) (wire, problem string) {
	if rest, ok := strings.CutPrefix(message, textMissing); ok {
		wire, _, _ = strings.Cut(rest, "\n") // Rails may add lines with suggestions
		return strings.TrimSpace(wire), "is missing or empty"
	}
	wire, problem, _ = strings.Cut(message, " ")
	if !slices.Contains(problems, problem) {
		return wire, "was refused"
	}
	return wire, problem
}

// asRouteUnknown turns a 404 into what it means where no object is named in the path: a wrong subdomain (stated by the
// vendor's documents) or a wrong path. It stops the account and does not reject the lead.
func asRouteUnknown(err error) error {
	if e := vendorError(err); e != nil && e.Kind == adapters.KindNotFound {
		e.Kind = adapters.KindRouteUnknown
	}
	return err
}

// ofCampaign completes the error of a campaign step with what it leaves behind. When a contact is added, a 404 is about the
// campaign in the path. A refusal names the campaign among the fields, because the end user is stored by then. While an earlier attempt to add is
// unsettled, a failure to look leaves it so; only a campaign that is not there settles it.
func ofCampaign(err error, outcome string, looking bool) error {
	e := vendorError(err)
	if e == nil {
		return err
	}
	if e.Kind == adapters.KindNotFound && outcome == notAdded {
		e.Kind = adapters.KindInvalid
		e.Message = "UJET has no such campaign"
	} else if looking {
		e.Ambiguous = true
	}
	if e.Kind == adapters.KindInvalid && outcome == notAdded {
		e.Fields = append(e.Fields, &leadmuxv1.FieldViolation{Field: fieldCampaign, Description: outcome})
	}
	e.Message = strings.TrimPrefix(e.Message+"; "+outcome, "; ")
	return e
}

// errListed is a contact that is listed and yet not found.
var errListed = errors.New("the campaign lists the contact that it does not find: is the route right?")

// listed says so where err is that a listed contact was not found.
func listed(err error) error {
	if isNotFound(err) {
		vendorError(err).Cause = errListed
	}
	return err
}

func isNotFound(err error) bool {
	e := vendorError(err)
	return e != nil && e.Kind == adapters.KindNotFound
}

func isUnreadable(err error) bool {
	e := vendorError(err)
	return e != nil && e.Kind == adapters.KindBadAnswer
}

// vendorError is the *adapters.Error in err, made for this one call and free to change; nil when there is none.
func vendorError(err error) *adapters.Error {
	e, _ := errors.AsType[*adapters.Error](err)
	return e
}

// violations collects refused fields.
type violations struct{ found []*leadmuxv1.FieldViolation }

func (v *violations) add(field, description string) {
	v.found = append(v.found, &leadmuxv1.FieldViolation{Field: field, Description: description})
}

// err is the refusal of an RPC before anything is sent.
func (v *violations) err(op string) error {
	var sentences []string
	for _, f := range v.found {
		sentences = append(sentences, f.GetField()+": "+f.GetDescription())
	}
	return &adapters.Error{
		Vendor: Vendor, Op: op, Kind: adapters.KindInvalid, Fields: v.found, Message: strings.Join(sentences, "; "),
	}
}
