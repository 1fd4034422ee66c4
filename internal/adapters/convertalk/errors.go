package convertalk

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// envelope is around every answer of the vendor. Absent members are as good as a plain success.
type envelope struct {
	Success *bool           `json:"success"`
	Code    json.RawMessage `json:"code"` // the HTTP status again, as a number
	Data    json.RawMessage `json:"data"` // in a refusal, one string per problem (inferred)
}

// ourFields are our fields behind each key of the vendor's body.
var ourFields = map[string][]string{
	"uuid": {"lead.lead_id"}, "agentId": {"vendor_options.convertalk.agent_id"},
	"name": {"lead.first_name", "lead.last_name"}, "email": {"lead.email"},
	"phone": {"lead.phone"}, "dialCode": {"lead.phone"},
	"notes": {"lead.notes"}, "status": {"lead.status"}, "picture": {"lead.picture"},
	"tags": {"lead.tags"}, "attributes": {"lead.attributes"},
}

// codeKinds are the failures by code in a success that says it is none; 5xx is KindUnavailable, and what is not here is
// KindUnknown, which is final.
var codeKinds = map[int]adapters.Kind{
	http.StatusBadRequest:          adapters.KindInvalid,
	http.StatusUnprocessableEntity: adapters.KindInvalid,
	http.StatusUnauthorized:        adapters.KindCredentials,
	http.StatusForbidden:           adapters.KindCredentials,
	http.StatusNotFound:            adapters.KindRouteUnknown,
	http.StatusConflict:            adapters.KindConflict,
	http.StatusTooManyRequests:     adapters.KindRateLimited,
}

// refusal is the failure in a 2xx answer that says success: false, nil in any other. Integrators guard against such answers;
// the vendor's document does not show one (inferred).
func (e envelope) refusal(op string, answer vendorhttp.Answer) error {
	if e.Success == nil || *e.Success {
		return nil
	}
	failed := &adapters.Error{Vendor: Vendor, Op: op, Status: answer.Status, RequestID: answer.RequestID()}
	if code, err := strconv.Atoi(strings.Trim(string(e.Code), `"`)); err == nil {
		failed.Code, failed.Kind = strconv.Itoa(code), codeKinds[code]
		if code >= http.StatusInternalServerError {
			failed.Kind, failed.Ambiguous = adapters.KindUnavailable, true // a fault may come after the work was done
		}
	}
	if failed.Kind == adapters.KindInvalid {
		failed.Fields, failed.Message = e.violations()
	}
	return failed
}

// decode reads an answer that is no success. What is not here comes from the table by status.
func decode(answer vendorhttp.Answer) vendorhttp.Decoded {
	switch answer.Status {
	case http.StatusNotFound:
		// There is nothing in an upsert or a listing that could be missing but the path itself (inferred). This stops the
		// account, where a plain 404 would reject every lead.
		return vendorhttp.Decoded{Kind: adapters.KindRouteUnknown, HasKind: true}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		var e envelope
		if err := json.Unmarshal(answer.Body, &e); err != nil {
			return vendorhttp.Decoded{}
		}
		var d vendorhttp.Decoded
		d.Fields, d.Message = e.violations()
		return d
	}
	return vendorhttp.Decoded{}
}

// violations finds our fields in the problems that a refusal lists, and a sentence when the account's own ids are among them.
// The vendor's wording is not documented, so only the key at its start is used and nothing of it is shown.
func (e envelope) violations() (found []*leadmuxv1.FieldViolation, message string) {
	var problems []string
	if err := json.Unmarshal(e.Data, &problems); err != nil {
		return nil, ""
	}
	seen := map[string]bool{}
	for _, problem := range problems {
		key, _, _ := strings.Cut(problem, " ")
		if key == "botId" || key == "customerId" {
			message = "check the account's bot_id and customer_id"
		}
		for _, field := range ourFields[key] {
			if !seen[field] {
				seen[field] = true
				found = append(found, &leadmuxv1.FieldViolation{Field: field, Description: "Convertalk does not take this value"})
			}
		}
	}
	return found, message
}

// unlessInvalid is err, or nil where err says that the vendor looked at the values: then it has accepted the token.
func unlessInvalid(err error) error {
	if e, ok := errors.AsType[*adapters.Error](err); ok && e.Kind == adapters.KindInvalid {
		return nil
	}
	return err
}

// invalid refuses a lead before anything is sent.
func invalid(op, field, description string) error {
	return &adapters.Error{
		Vendor: Vendor, Op: op, Kind: adapters.KindInvalid, Message: field + ": " + description,
		Fields: []*leadmuxv1.FieldViolation{{Field: field, Description: description}},
	}
}
