package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const leadPath = "/v1/leads/" + leadID

// updates makes the fixture's UpdateLead pass its requests on.
func (f *fixture) updates() <-chan *leadmuxv1.UpdateLeadRequest {
	got := make(chan *leadmuxv1.UpdateLeadRequest, 1)
	f.leads.update = func(_ context.Context, req *leadmuxv1.UpdateLeadRequest) (*leadmuxv1.UpdateLeadResponse, error) {
		got <- req
		return &leadmuxv1.UpdateLeadResponse{Lead: req.GetLead()}, nil
	}
	return got
}

// TestPatchMask: what the body names is the mask, unless the caller gives one. null clears, absent leaves.
func TestPatchMask(t *testing.T) {
	f := start(t)
	got := f.updates()
	for name, c := range map[string]struct{ query, body, want string }{
		"set":                     {"", `{"phone":"+14155550142"}`, "phone"},
		"null":                    {"", `{"phone":null}`, "phone"},
		"empty string":            {"", `{"phone":""}`, "phone"},
		"camel case":              {"", `{"externalId":"x","sourceCreateTime":"2026-01-31T08:00:00Z"}`, "external_id,source_create_time"},
		"any order":               {"", `{"type":"a","email":null,"source":"b"}`, "email,source,type"},
		"nested":                  {"", `{"owner":{"email":"a@example.com"}}`, "owner.email"},
		"nested null":             {"", `{"owner":{"bookingUrl":null,"team":"x"}}`, "owner.booking_url,owner.team"},
		"nested twice":            {"", `{"consent":{"sms":{"state":"CONSENT_STATE_DENIED","time":null},"call":null}}`, "consent.call,consent.sms.state,consent.sms.time"},
		"message null":            {"", `{"owner":null}`, "owner"},
		"list":                    {"", `{"tags":["a"],"notes":[{"title":"t"},{"description":"d"}]}`, "notes,tags"},
		"list emptied":            {"", `{"tags":[],"notes":null}`, "notes,tags"},
		"map":                     {"", `{"attributes":{"color":"red","size":"l"}}`, "attributes"},
		"map emptied":             {"", `{"attributes":{}}`, "attributes"},
		"nothing":                 {"", `{}`, ""},
		"no body":                 {"", ``, ""},
		"an object of nothing":    {"", `{"owner":{},"consent":{"sms":{}}}`, ""},
		"the same ID":             {"", `{"leadId":"` + leadID + `","phone":null}`, "phone"},
		"no ID":                   {"", `{"leadId":null,"phone":null}`, "phone"},
		"explicit":                {"?updateMask=phone", `{"firstName":"Ada","email":null}`, "phone"},
		"explicit, several":       {"?updateMask=firstName,owner.bookingUrl,consent.sms", `{}`, "first_name,owner.booking_url,consent.sms"},
		"explicit, a key":         {"?updateMask=attributes.Favourite.color", `{"attributes":{"Favourite.color":"red"}}`, "attributes.Favourite.color"},
		"explicit, without body":  {"?updateMask=phone", ``, "phone"},
		"explicit, with the rest": {"?validateOnly=true&updateMask=tags&wait=1s", `{"tags":[]}`, "tags"},
	} {
		t.Run(name, func(t *testing.T) {
			code, data, _ := f.rest(t, http.MethodPatch, leadPath+c.query, c.body)
			if code != http.StatusOK {
				t.Fatalf("%d %s", code, data)
			}
			req := <-got
			if req.GetUpdateMask() == nil {
				t.Fatal("there is no mask: every field that the lead has would be set")
			}
			if mask := strings.Join(req.GetUpdateMask().GetPaths(), ","); mask != c.want {
				t.Errorf("the mask is %q, want %q", mask, c.want)
			}
			if req.GetLead().GetLeadId() != leadID {
				t.Errorf("the lead is %q", req.GetLead().GetLeadId())
			}
		})
	}
}

func TestPatchTakesParametersAndKey(t *testing.T) {
	f := start(t)
	got := f.updates()
	code, data, _ := f.rest(t, http.MethodPatch, leadPath+"?wait=1.5s&validateOnly=true&requestId=r-1", `{"etag":"e","owner":{"team":"x"}}`)
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, data)
	}
	req := <-got
	if req.GetWait().AsDuration() != 1500*time.Millisecond || !req.GetValidateOnly() || req.GetRequestId() != "r-1" ||
		req.GetLead().GetEtag() != "e" || req.GetLead().GetOwner().GetTeam() != "x" {
		t.Errorf("the service got %v", req)
	}
	for query, want := range map[string]string{"": "k-1", "?requestId=k-1": "k-1"} {
		if code, data, _ := f.rest(t, http.MethodPatch, leadPath+query, `{}`, "Idempotency-Key", `"k-1"`); code != http.StatusOK {
			t.Fatalf("%d %s", code, data)
		}
		if got := (<-got).GetRequestId(); got != want {
			t.Errorf("%q: requestId is %q", query, got)
		}
	}
	a := f.restError(t, http.MethodPatch, leadPath+"?requestId=other", `{}`, "Idempotency-Key", "k-1")
	if a.http != 400 || a.reason != "INVALID_FIELD" || !slices.Equal(a.fields, []string{"request_id"}) {
		t.Errorf("two IDs: %+v", a)
	}
	a = f.restError(t, http.MethodPatch, leadPath+"?wait=26s", `{}`)
	if a.http != 400 || a.reason != "INVALID_FIELD" || !slices.Equal(a.fields, []string{"wait"}) {
		t.Errorf("a wait over the limit: %+v", a)
	}
}

func TestEtagMismatchIs412(t *testing.T) {
	f := start(t)
	f.leads.update = func(context.Context, *leadmuxv1.UpdateLeadRequest) (*leadmuxv1.UpdateLeadResponse, error) {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH, "it changed").Field("lead.etag", "old")
	}
	if a := f.restError(t, http.MethodPatch, leadPath, `{"etag":"old"}`); a.http != 412 || a.code != "FailedPrecondition" || a.reason != "ETAG_MISMATCH" {
		t.Errorf("REST: %+v", a)
	}
	_, err := f.client().UpdateLead(withKey(), &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: leadID, Etag: "old"}})
	if a := fromStatus(status.Convert(err)); a.code != "FailedPrecondition" || a.reason != "ETAG_MISMATCH" || !slices.Equal(a.fields, []string{"lead.etag"}) {
		t.Errorf("gRPC: %+v", a)
	}
}
