package convertalk_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// listing is one file of testdata/listing: a page as the vendor would answer it, and what must come of it.
type listing struct {
	Page     int `json:"page"`
	Exchange struct {
		Request struct {
			Method  string            `json:"method"`
			Path    string            `json:"path"`
			Headers map[string]string `json:"headers"`
			Query   url.Values        `json:"query"`
		} `json:"request"`
		Response struct {
			Status  int               `json:"status"`
			Headers map[string]string `json:"headers"`
			Body    json.RawMessage   `json:"body"`
			Text    string            `json:"text"`
		} `json:"response"`
	} `json:"exchange"`
	Leads []struct {
		VendorLeadID string          `json:"vendorLeadId"`
		Lead         json.RawMessage `json:"lead"`
		VendorStatus string          `json:"vendorStatus"`
		State        string          `json:"state"`
		CreateTime   time.Time       `json:"createTime"`
		UpdateTime   time.Time       `json:"updateTime"`
	} `json:"leads"`
	Error *struct {
		Kind   string `json:"kind"`
		Status int    `json:"status"`
	} `json:"error"`
}

func TestListings(t *testing.T) {
	files, err := filepath.Glob("testdata/listing/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no listings: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var l listing
			dec := json.NewDecoder(strings.NewReader(string(raw)))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&l); err != nil {
				t.Fatal(err)
			}
			l.play(t)
		})
	}
}

func (l listing) play(t *testing.T) {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		want := l.Exchange.Request
		if r.Method != want.Method || r.URL.Path != want.Path || !reflect.DeepEqual(r.URL.Query(), want.Query) {
			t.Errorf("got %s %s, want %s %s %v", r.Method, r.URL, want.Method, want.Path, want.Query)
		}
		for name, value := range want.Headers {
			if got := r.Header.Get(name); got != value {
				t.Errorf("header %s is %q, want %q", name, got, value)
			}
		}
		for name, value := range l.Exchange.Response.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(l.Exchange.Response.Status)
		_, _ = w.Write(append(l.Exchange.Response.Body, l.Exchange.Response.Text...))
	}))
	defer server.Close()
	got, err := fixtureAdapter(t, server.URL, nil).ListLeads(t.Context(), l.Page)
	if asked != 1 {
		t.Errorf("%d requests", asked)
	}
	if l.Error != nil {
		e, ok := err.(*adapters.Error) //nolint:errorlint // the contract is the type itself
		if !ok || e.Kind.String() != l.Error.Kind || e.Status != l.Error.Status || e.Op != "ListVendorLeads" || e.Vendor != "convertalk" {
			t.Errorf("error %#v, want %+v", err, l.Error)
		}
		return
	}
	if err != nil || len(got) != len(l.Leads) {
		t.Fatalf("got %d leads and error %v, want %d", len(got), err, len(l.Leads))
	}
	for i, want := range l.Leads {
		lead := &leadmuxv1.Lead{}
		if err := protojson.Unmarshal(want.Lead, lead); err != nil {
			t.Fatal(err)
		}
		g := got[i]
		if !proto.Equal(g.Lead, lead) {
			t.Errorf("record %d is the lead\n%v, want\n%v", i, g.Lead, lead)
		}
		if g.VendorLeadID != want.VendorLeadID || g.VendorStatus != want.VendorStatus || g.State.String() != want.State ||
			g.LeadID != "" || !g.CreateTime.Equal(want.CreateTime) || !g.UpdateTime.Equal(want.UpdateTime) {
			t.Errorf("record %d is %+v, want %+v", i, g, want)
		}
	}
}
