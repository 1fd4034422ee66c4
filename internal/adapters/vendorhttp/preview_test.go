package vendorhttp

import (
	"net/http"
	"net/url"
	"testing"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func TestPreview(t *testing.T) {
	c, err := New(Config{
		Account: "west", BaseURL: "https://api.example.com/v1", Routes: sampleRoutes(), Secret: []string{"x-second"},
		Auth: func(h http.Header) { h.Set("X-Key", "hunter2") },
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Preview(Call{
		Op: "EndLead", Route: "EndLead", Vars: map[string]string{"id": "grace@example.com"},
		Query:  url.Values{"page": {"2"}, "phone": {"+16195550142"}},
		Header: http.Header{"X-Second": {"hunter3"}, "X-Plain": {"plain"}},
		Body: map[string]any{
			"id": "lead_1", "email": "grace@example.com", "age": 42, "ok": true, "none": nil,
			"kind":   []any{"buyer", map[string]any{"kind": "seller", "name": "Grace"}},
			"names":  []string{"Grace", "Hopper"},
			"custom": map[string]any{"kind": "Grace", "deeper": map[string]any{"kind": "Grace"}},
		},
	}, map[string]bool{"page": true, "kind": true, "id": false, "custom": false})
	if err != nil {
		t.Fatal(err)
	}
	want := &leadmuxv1.VendorRequest{
		Account: "west", Method: "PUT",
		Url: "https://api.example.com/v1/leads/[redacted]/end?page=2&phone=[redacted]",
		Headers: map[string]string{
			"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "leadmux",
			"X-Key": "[redacted]", "X-Second": "[redacted]", "X-Plain": "plain",
		},
		Body: `{"age":42,"custom":{"deeper":{"kind":"[redacted]"},"kind":"[redacted]"},"email":"[redacted]",` +
			`"id":"[redacted]","kind":["buyer",{"kind":"seller","name":"[redacted]"}],"names":["[redacted]","[redacted]"],` +
			`"none":null,"ok":true}`,
	}
	if !proto.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestPreviewAll(t *testing.T) {
	c := client(t, "https://api.example.com")
	end := Call{Op: "EndLead", Route: "EndLead", Vars: map[string]string{"id": "7"}}
	got, err := c.PreviewAll(map[string]bool{"id": true}, create(), end)
	if err != nil || len(got) != 2 || got[0].GetUrl() != "https://api.example.com/leads" ||
		got[1].GetUrl() != "https://api.example.com/leads/7/end" {
		t.Errorf("got %v, %v", got, err)
	}
	end.Vars = nil
	if got, err := c.PreviewAll(nil, create(), end); err == nil {
		t.Errorf("got %v, though one of the calls cannot be made", got)
	}
}

func TestPreviewOfABadCall(t *testing.T) {
	c, err := New(Config{Vendor: "v", BaseURL: "https://api.example.com", Routes: sampleRoutes()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Preview(Call{Op: "EndLead", Route: "EndLead"}, nil); err == nil {
		t.Error("got a preview without the ID its path needs")
	}
	got, err := c.Preview(Call{Op: "CreateLead", Route: "CreateLead"}, nil)
	if err != nil || got.GetBody() != "" || got.GetHeaders()["Content-Type"] != "" {
		t.Errorf("a request without body: %v, %v", got, err)
	}
}
