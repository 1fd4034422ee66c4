package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// TestMalformedRequests: each is refused with the field named and what is allowed, and without the value.
func TestMalformedRequests(t *testing.T) {
	f := start(t)
	f.leads.create = func(context.Context, *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		t.Error("a malformed request reached the service")
		return &leadmuxv1.CreateLeadResponse{}, nil
	}
	f.leads.update = func(context.Context, *leadmuxv1.UpdateLeadRequest) (*leadmuxv1.UpdateLeadResponse, error) {
		t.Error("a malformed change reached the service")
		return &leadmuxv1.UpdateLeadResponse{}, nil
	}
	const leadsPath = "/v1/leads"
	for name, c := range map[string]struct {
		method, path, body string
		field              string   // in BadRequest; empty for none
		says               []string // in the message
	}{
		"unknown field":         {"POST", leadsPath, `{"lead":{},"colour":1}`, "colour", []string{`"colour"`, "unknown field", "vendorOptions"}},
		"unknown nested field":  {"POST", leadsPath, `{"lead":{"place":{}}}`, "lead.place", []string{`"lead.place"`, "address"}},
		"snake case":            {"POST", leadsPath, `{"lead":{"first_name":"x"}}`, "lead.first_name", []string{"firstName"}},
		"number for string":     {"POST", leadsPath, `{"lead":{"phone":4155550142}}`, "lead.phone", []string{"lead.phone", "a string"}},
		"string for bool":       {"POST", leadsPath, `{"lead":{},"validateOnly":"true"}`, "validate_only", []string{"validateOnly", "true or false"}},
		"string for list":       {"POST", leadsPath, `{"lead":{},"accounts":"verse"}`, "accounts", []string{"an array"}},
		"list for object":       {"POST", leadsPath, `{"lead":[]}`, "lead", []string{"an object"}},
		"string for object":     {"POST", leadsPath, `{"lead":"4155550142"}`, "lead", []string{"an object"}},
		"null in list":          {"POST", leadsPath, `{"lead":{"tags":["a",null]}}`, "lead.tags[1]", []string{"lead.tags[1]", "a string"}},
		"object in list":        {"POST", leadsPath, `{"lead":{"tags":[{"4155550142":1}]}}`, "lead.tags[0]", []string{"a string"}},
		"wrong map value":       {"POST", leadsPath, `{"lead":{"attributes":{"4155550142":7}}}`, "lead.attributes", []string{"a string"}},
		"map key twice":         {"POST", leadsPath, `{"lead":{"attributes":{"4155550142":"","4155550142":""}}}`, "lead.attributes", []string{"key twice"}},
		"wrong enum":            {"POST", leadsPath, `{"lead":{},"duplicatePolicy":"ALLOW"}`, "duplicate_policy", []string{"DUPLICATE_POLICY_ALLOW"}},
		"enum by number":        {"POST", leadsPath, `{"lead":{},"duplicatePolicy":3}`, "duplicate_policy", []string{"DUPLICATE_POLICY_ALLOW"}},
		"wrong duration":        {"POST", leadsPath, `{"lead":{},"wait":"5"}`, "wait", []string{"8s"}},
		"number for duration":   {"POST", leadsPath, `{"lead":{},"wait":5}`, "wait", []string{"8s"}},
		"wrong time":            {"POST", leadsPath, `{"lead":{"sourceCreateTime":"4155550142"}}`, "lead.source_create_time", []string{"RFC 3339"}},
		"field twice":           {"POST", leadsPath, `{"lead":{"phone":"1","phone":"2"}}`, "lead.phone", []string{"twice"}},
		"broken JSON":           {"POST", leadsPath, `{"lead":{"phone":"4155550142}`, "", []string{"not valid JSON"}},
		"closed wrongly":        {"POST", leadsPath, `{"lead":{]}`, "", []string{"not valid JSON"}},
		"trailing comma":        {"POST", leadsPath, `{"lead":{"tags":["a",]}}`, "", []string{"not valid JSON"}},
		"two values":            {"POST", leadsPath, `{"lead":{}}{}`, "", []string{"after the JSON object"}},
		"not an object":         {"POST", leadsPath, `["4155550142"]`, "", []string{"a JSON object"}},
		"form":                  {"POST", leadsPath, `phone=4155550142`, "", []string{"not valid JSON"}},
		"not UTF-8":             {"POST", leadsPath, "{\"lead\":{\"firstName\":\"\xff\"}}", "", []string{"not UTF-8"}},
		"lone surrogate":        {"POST", leadsPath, `{"lead":{"firstName":"\ud800"}}`, "", []string{"not what this method takes"}},
		"query on a body":       {"POST", leadsPath + "?requestId=x", `{"lead":{}}`, "requestId", []string{`"requestId"`, "takes none"}},
		"in path and body":      {"POST", "/v1/accounts/a:test", `{"account":"b"}`, "account", []string{"in the path"}},
		"unknown parameter":     {"GET", leadsPath + "?pagesize=5", "", "pagesize", []string{`"pagesize"`, "pageSize"}},
		"snake case parameter":  {"GET", leadsPath + "?page_size=5", "", "page_size", []string{"pageSize"}},
		"parameter twice":       {"GET", leadsPath + "?pageSize=5&pageSize=6", "", "page_size", []string{"more than once"}},
		"wrong number":          {"GET", leadsPath + "?pageSize=4155550142", "", "page_size", []string{"a whole number"}},
		"wrong enum parameter":  {"GET", leadsPath + "?state=ACTIVE", "", "state", []string{"ENGAGEMENT_STATE_ACTIVE"}},
		"enum number parameter": {"GET", leadsPath + "?state=3", "", "state", []string{"ENGAGEMENT_STATE_ACTIVE"}},
		"wrong time parameter":  {"GET", leadsPath + "?updatedAfter=4155550142", "", "updated_after", []string{"RFC 3339"}},
		"nested parameter":      {"GET", leadsPath + "?updatedAfter.seconds=4", "", "updatedAfter.seconds", []string{"updatedAfter"}},
		"parameter not UTF-8":   {"GET", leadsPath + "?account=%ff", "", "account", []string{"UTF-8"}},
		"broken query":          {"GET", leadsPath + "?account=%zz", "", "", []string{"query"}},
		"any parameter":         {"GET", "/v1/accounts?x=1", "", "x", []string{`"x"`, "takes none"}},
		"in path and query":     {"GET", "/v1/leads/" + leadID + "?leadId=" + leadID, "", "lead_id", []string{"in the path"}},
		"path not UTF-8":        {"GET", "/v1/leads/%ff", "", "", []string{"UTF-8"}},
		"body on a read":        {"GET", "/v1/leads/" + leadID, `{}`, "", []string{"no body"}},
		"patch, unknown field":  {"PATCH", leadPath, `{"colour":1}`, "lead.colour", []string{`"colour"`, "unknown field", "firstName"}},
		"patch, snake case":     {"PATCH", leadPath, `{"owner":{"booking_url":""}}`, "lead.owner.booking_url", []string{"bookingUrl"}},
		"patch, wrong type":     {"PATCH", leadPath, `{"phone":4155550142}`, "lead.phone", []string{"phone", "a string"}},
		"patch, not the lead":   {"PATCH", leadPath, `{"lead":{"phone":""}}`, "lead.lead", []string{`"lead"`, "unknown field"}},
		"patch, null":           {"PATCH", leadPath, `null`, "", []string{"a JSON object"}},
		"patch, null in map":    {"PATCH", leadPath, `{"attributes":{"4155550142":null}}`, "lead.attributes", []string{"a string"}},
		"patch, another ID":     {"PATCH", leadPath, `{"leadId":"lead_4155550142"}`, "lead.lead_id", []string{"leadId", "in the path"}},
		"patch, field in query": {"PATCH", leadPath + "?lead.phone=4155550142", `{}`, "lead.phone", []string{"updateMask", "requestId", "wait", "validateOnly"}},
		"patch, ID in query":    {"PATCH", leadPath + "?lead.leadId=" + leadID, `{}`, "lead.leadId", []string{"unknown"}},
		"patch, snake query":    {"PATCH", leadPath + "?update_mask=phone", `{}`, "update_mask", []string{"updateMask"}},
		"patch, wait":           {"PATCH", leadPath + "?wait=5", `{}`, "wait", []string{"8s"}},
		"mask, unknown":         {"PATCH", leadPath + "?updateMask=phone,colour", `{}`, "update_mask", []string{`"colour"`, "firstName"}},
		"mask, snake case":      {"PATCH", leadPath + "?updateMask=owner.booking_url", `{}`, "update_mask", []string{"bookingUrl"}},
		"mask, empty":           {"PATCH", leadPath + "?updateMask=", `{}`, "update_mask", []string{"no field"}},
		"mask, everything":      {"PATCH", leadPath + "?updateMask=*", `{}`, "update_mask", []string{"no field"}},
		"mask, into a list":     {"PATCH", leadPath + "?updateMask=notes.title", `{}`, "update_mask", []string{"below notes"}},
		"mask, into a text":     {"PATCH", leadPath + "?updateMask=phone.x", `{}`, "update_mask", []string{"below phone"}},
		"mask, into a time":     {"PATCH", leadPath + "?updateMask=sourceCreateTime.seconds", `{}`, "update_mask", []string{"below sourceCreateTime"}},
		"mask, no key":          {"PATCH", leadPath + "?updateMask=attributes.", `{}`, "update_mask", []string{"below attributes"}},
		"mask, twice":           {"PATCH", leadPath + "?updateMask=phone&updateMask=email", `{}`, "update_mask", []string{"more than once"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.restError(t, c.method, c.path, c.body)
			if a.http != http.StatusBadRequest || a.code != "InvalidArgument" || a.reason != "MALFORMED_REQUEST" {
				t.Fatalf("got %d %s %s: %s", a.http, a.code, a.reason, a.text)
			}
			if c.field != "" && !slices.Equal(a.fields, []string{c.field}) || c.field == "" && a.fields != nil {
				t.Errorf("the fields are %v, want %q", a.fields, c.field)
			}
			for _, word := range c.says {
				if !strings.Contains(a.text, word) {
					t.Errorf("%q does not say %s", a.text, word)
				}
			}
			if strings.Contains(a.text, "4155550142") || strings.Contains(a.text, "proto:") || strings.Contains(a.text, "json:") {
				t.Errorf("the message tells a value or an internal: %s", a.text)
			}
		})
	}
}

func TestWellFormedRequests(t *testing.T) {
	f := start(t)
	got := make(chan *leadmuxv1.CreateLeadRequest, 1)
	f.leads.create = func(_ context.Context, req *leadmuxv1.CreateLeadRequest) (*leadmuxv1.CreateLeadResponse, error) {
		got <- req
		return &leadmuxv1.CreateLeadResponse{Lead: &leadmuxv1.Lead{LeadId: leadID, FirstName: req.GetLead().GetFirstName()}}, nil
	}
	body := ` {"lead":{"firstName":"Ada","email":null,"tags":["a","b"],"attributes":{"k":"v"},"address":{"city":"Leeds"},
	  "consent":{"sms":{"state":"CONSENT_STATE_GRANTED","time":"2026-01-31T08:00:00.5+01:00"}}},
	  "accounts":[],"wait":"1.5s","validateOnly":true,"duplicatePolicy":"DUPLICATE_POLICY_ALLOW"} `
	code, data, header := f.rest(t, "POST", "/v1/leads", body, "Content-Type", "application/x-www-form-urlencoded")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, data)
	}
	req := <-got
	if req.GetLead().GetAddress().GetCity() != "Leeds" || req.GetWait().AsDuration().Seconds() != 1.5 || !req.GetValidateOnly() ||
		req.GetLead().GetAttributes()["k"] != "v" || len(req.GetLead().GetTags()) != 2 {
		t.Errorf("the service got %v", req)
	}
	if text := strings.ReplaceAll(string(data), " ", ""); text != `{"lead":{"leadId":"`+leadID+`","firstName":"Ada"}}` {
		t.Errorf("the answer is %s: names must be lowerCamelCase and empty fields absent", text)
	}
	for name := range header {
		if strings.HasPrefix(name, "Grpc-") || strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("the answer has the header %s", name)
		}
	}
	listed := make(chan *leadmuxv1.ListLeadsRequest, 1)
	f.leads.list = func(_ context.Context, req *leadmuxv1.ListLeadsRequest) (*leadmuxv1.ListLeadsResponse, error) {
		listed <- req
		return &leadmuxv1.ListLeadsResponse{}, nil
	}
	query := "?pageSize=5&state=ENGAGEMENT_STATE_ACTIVE&updatedAfter=2026-01-31T08:00:00Z&account=a%2Fb%20c"
	if code, data, _ := f.rest(t, "GET", "/v1/leads"+query, ""); code != http.StatusOK {
		t.Fatalf("%d %s", code, data)
	}
	if r := <-listed; r.GetPageSize() != 5 || r.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE ||
		r.GetUpdatedAfter().GetSeconds() != 1769846400 || r.GetAccount() != "a/b c" {
		t.Errorf("the service got %v", r)
	}
	code, data, _ = f.rest(t, "POST", "/v1/accounts/north%2Fwest:test", "")
	if code != http.StatusOK || !strings.Contains(string(data), `north/west`) {
		t.Errorf("an escaped slash in a path variable: %d %s", code, data)
	}
}

// examplePath is a path that the binding takes.
func (b *binding) examplePath() string {
	path := "/" + strings.NewReplacer("{lead_id}", leadID, "{lead.lead_id}", leadID, "{account}", "a").Replace(strings.Join(b.segments, "/"))
	if b.suffix != "" {
		path += ":" + b.suffix
	}
	return path
}

// TestEveryBindingIsChecked: strict.go must know each route that the generated gateway serves, or it answers INTERNAL.
func TestEveryBindingIsChecked(t *testing.T) {
	f := start(t)
	bindings := f.routeTable().all
	if len(bindings) < 18 {
		t.Fatalf("only %d bindings were found", len(bindings))
	}
	for _, b := range bindings {
		path := b.examplePath()
		a := f.restError(t, b.verb, path+"?noSuchParameter=1", "")
		if a.reason != "MALFORMED_REQUEST" || !slices.Equal(a.fields, []string{"noSuchParameter"}) {
			t.Errorf("%s %s: %d %s %v", b.verb, path, a.http, a.reason, a.fields)
		}
	}
}

func TestP20HeadersAreNotTrusted(t *testing.T) {
	f := start(t)
	seen := make(chan map[string][]string, 1)
	f.leads.get = func(ctx context.Context, _ *leadmuxv1.GetLeadRequest) (*leadmuxv1.GetLeadResponse, error) {
		seen <- incoming(ctx)
		return &leadmuxv1.GetLeadResponse{}, nil
	}
	code, data, _ := f.rest(t, "GET", "/v1/leads/"+leadID, "",
		"Grpc-Metadata-Tenant", "evil", "X-Forwarded-For", "10.1.2.3", "X-Forwarded-Host", "evil.example.com", "Cookie", "a=b",
		"Grpc-Timeout", "1n", "Grpc-Metadata-X-Request-Id", "evil", "Te", "trailers", "Traceparent", "00-trace")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, data)
	}
	md := <-seen
	for key, values := range md {
		switch key {
		case "authorization", "traceparent":
		case "x-forwarded-for", "x-forwarded-host":
			if strings.Contains(strings.Join(values, ""), "evil") || strings.Contains(strings.Join(values, ""), "10.1.2.3") {
				t.Errorf("%s is the caller's: %v", key, values)
			}
		default:
			t.Errorf("metadata %s reached the service: %v", key, values)
		}
	}
	for _, name := range []string{"authorization", "traceparent"} {
		if len(md[name]) != 1 {
			t.Errorf("%s is %v, want one value", name, md[name])
		}
	}
	a := f.restError(t, "POST", "/v1/leads/"+leadID, "", "X-HTTP-Method-Override", "GET", "Content-Type", "application/x-www-form-urlencoded")
	if a.http != http.StatusMethodNotAllowed {
		t.Errorf("the method was overridden: %d", a.http)
	}
}
