package adaptertest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// fixture is one file of testdata, written by hand from a vendor's documentation: what is asked of the adapter, the exchanges
// it must have with the vendor for that, and what must come of it.
type fixture struct {
	// Config is handed to the constructor: values of the account that differ from the test's usual ones.
	Config map[string]string `json:"config"`
	// Test calls Test instead of a LeadWrite.
	Test bool `json:"test"`
	// RPC is the LeadWrite that is asked; CreateLead when empty.
	RPC string `json:"rpc"`
	// Lead, Engagement and Options are messages of ours as JSON; the last two may be absent.
	Lead       json.RawMessage `json:"lead"`
	Engagement json.RawMessage `json:"engagement"`
	Options    json.RawMessage `json:"options"`
	Reason     string          `json:"reason"`
	// Scope and Suppressed are channels, without their prefix.
	Scope      string   `json:"scope"`
	Suppressed []string `json:"suppressed"`
	Recheck    bool     `json:"recheck"`
	// Exchanges are in their order; empty when nothing may be sent.
	Exchanges []exchange `json:"exchanges"`
	// Result or Error is what comes of it; neither for a good Test.
	Result *outcome `json:"result"`
	Error  *refusal `json:"error"`
}

// exchange is one request and its answer.
type exchange struct {
	Request struct {
		Method string `json:"method"`
		// Path is the whole path, the base URL's included, as escaped on the wire.
		Path  string     `json:"path"`
		Query url.Values `json:"query"`
		// Headers must be there with these values; others may be.
		Headers map[string]string `json:"headers"`
		// Body is compared as a JSON value; absent for none.
		Body json.RawMessage `json:"body"`
		// Form is a body that is a multipart form, by the names of its parts.
		Form map[string]formPart `json:"form"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
		// Text is a body that is no JSON.
		Text string `json:"text"`
	} `json:"response"`
}

// formPart is a part of a form; FileName and ContentType are those of a file.
type formPart struct {
	FileName, ContentType, Content string
}

// outcome is an adapters.LeadResult; a warning is "CODE" or "CODE field". State is compared for CreateLead alone, since nobody
// looks at it elsewhere.
type outcome struct {
	VendorLeadID, VendorURL, VendorStatus, State, RequestID, Note string
	HTTPStatus                                                    int
	Warnings                                                      []string
	VendorRefs                                                    map[string]string
}

// refusal is an *adapters.Error; Fields are the names alone.
type refusal struct {
	Kind, Message, Code string
	Status              int
	Fields              []string
	RetrySeconds        float64
	Ambiguous           bool
}

// RunFixtures plays every testdata/*.json. newAdapter makes the adapter for the server at baseURL, which has no path, with the
// file's config over the test's usual values.
func RunFixtures(t *testing.T, newAdapter func(t *testing.T, baseURL string, config map[string]string) adapters.LeadWriter) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f := readFixture(t, file)
			vendor := &scripted{t: t, script: f.Exchanges}
			server := httptest.NewServer(vendor)
			defer server.Close()
			f.play(t, newAdapter(t, server.URL, f.Config))
			if vendor.next != len(f.Exchanges) {
				t.Errorf("%d of %d requests arrived", vendor.next, len(f.Exchanges))
			}
		})
	}
}

func readFixture(t *testing.T, file string) fixture {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if !f.Test && (f.Result == nil) == (f.Error == nil) {
		t.Fatalf("%s: one of result and error is needed", file)
	}
	return f
}

// play asks the adapter and compares what comes of it.
func (f fixture) play(t *testing.T, a adapters.LeadWriter) {
	t.Helper()
	if f.Test {
		tester, ok := a.(adapters.Tester)
		if !ok {
			t.Fatal("the adapter is no Tester")
		}
		f.compareError(t, a, tester.Test(t.Context()))
		return
	}
	rpc := cmp.Or(f.RPC, createLead)
	result, err := Write(t, a, rpc).Send(t.Context(), f.input(t))
	f.compareError(t, a, err)
	if f.Result != nil {
		got := outcomeOf(result)
		if rpc != createLead {
			got.State = ""
		}
		if !reflect.DeepEqual(got, *f.Result) {
			t.Errorf("result\n got %+v\nwant %+v", got, *f.Result)
		}
	}
	if e, ok := errors.AsType[*adapters.Error](err); ok && e.Op != rpc {
		t.Errorf("error of op %q, want %s", e.Op, rpc)
	}
}

func (f fixture) input(t *testing.T) adapters.LeadInput {
	t.Helper()
	in := adapters.LeadInput{Lead: &leadmuxv1.Lead{}, Reason: f.Reason, Recheck: f.Recheck, Scope: channel(f.Scope)}
	for _, name := range f.Suppressed {
		in.Suppressed = append(in.Suppressed, channel(name))
	}
	read := func(raw json.RawMessage, into proto.Message) {
		if err := protojson.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	read(f.Lead, in.Lead)
	if f.Engagement != nil {
		in.Engagement = &leadmuxv1.Engagement{}
		read(f.Engagement, in.Engagement)
	}
	if f.Options != nil {
		in.Options = &leadmuxv1.VendorOptions{}
		read(f.Options, in.Options)
	}
	return in
}

func channel(name string) leadmuxv1.ContactChannel {
	return leadmuxv1.ContactChannel(leadmuxv1.ContactChannel_value["CONTACT_CHANNEL_"+name])
}

func outcomeOf(r adapters.LeadResult) outcome {
	o := outcome{
		VendorLeadID: r.VendorLeadID, VendorURL: r.VendorURL, VendorStatus: r.VendorStatus, State: r.State.String(),
		RequestID: r.RequestID, HTTPStatus: r.HTTPStatus, VendorRefs: r.VendorRefs,
		Note: r.Note,
	}
	for _, w := range r.Warnings {
		text := w.GetCode()
		if w.GetField() != "" {
			text += " " + w.GetField()
		}
		o.Warnings = append(o.Warnings, text)
	}
	return o
}

func (f fixture) compareError(t *testing.T, a adapters.Adapter, err error) {
	t.Helper()
	if f.Error == nil || err == nil {
		if (f.Error == nil) != (err == nil) {
			t.Errorf("error %v, want %+v", err, f.Error)
		}
		return
	}
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		t.Fatalf("error is a %T", err)
	}
	got := refusal{
		Kind: e.Kind.String(), Message: e.Message, Code: e.Code, Status: e.Status,
		RetrySeconds: e.RetryAfter.Seconds(), Ambiguous: e.Ambiguous,
	}
	for _, v := range e.Fields {
		got.Fields = append(got.Fields, v.GetField())
	}
	if !reflect.DeepEqual(got, *f.Error) {
		t.Errorf("error\n got %+v\nwant %+v", got, *f.Error)
	}
	if e.Vendor != a.Vendor() || e.Op == "" {
		t.Errorf("error of vendor %q, op %q", e.Vendor, e.Op)
	}
}
