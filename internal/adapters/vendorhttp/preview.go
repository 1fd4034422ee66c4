package vendorhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// redacted stands for a value that is secret or personal.
const redacted = "[redacted]"

// Preview is the request as it would leave, with credential headers, path and query values and JSON strings replaced by
// "[redacted]". A path variable, query parameter or JSON key in public is not personal, and keeps its value; strings in an
// array count under the array's key. A key that public holds with false hides all that lies beneath it, whatever else public
// says: for objects whose keys our callers choose. Nothing is sent. A non-nil error is *adapters.Error.
func (c *Client) Preview(call Call, public map[string]bool) (*leadmuxv1.VendorRequest, error) {
	req, bad := c.request(context.Background(), call)
	if bad != nil {
		bad.Vendor, bad.Op = c.vendor, call.Op
		return nil, bad
	}
	body, err := redactBody(call.Body, public)
	if err != nil {
		return nil, &adapters.Error{Vendor: c.vendor, Op: call.Op, Kind: adapters.KindInvalid,
			Cause: errors.New("the request body cannot be shown")}
	}
	return &leadmuxv1.VendorRequest{
		Account: c.account,
		Method:  req.Method,
		Url:     c.base + redactPath(c.routes[call.Route].Path, call.Vars, public) + redactQuery(call.Query, public),
		Headers: c.redactHeaders(req.Header),
		Body:    body,
	}, nil
}

// PreviewAll is Preview for the calls of one piece of work, in their order.
func (c *Client) PreviewAll(public map[string]bool, calls ...Call) ([]*leadmuxv1.VendorRequest, error) {
	requests := make([]*leadmuxv1.VendorRequest, len(calls))
	for i, call := range calls {
		request, err := c.Preview(call, public)
		if err != nil {
			return nil, err
		}
		requests[i] = request
	}
	return requests, nil
}

func (c *Client) redactHeaders(h http.Header) map[string]string {
	secret := http.Header{}
	c.auth(secret)
	for _, name := range c.secret {
		secret.Set(name, "")
	}
	shown := make(map[string]string, len(h))
	for name := range h {
		shown[name] = h.Get(name)
		if _, hide := secret[name]; hide {
			shown[name] = redacted
		}
	}
	return shown
}

func redactPath(path string, vars map[string]string, public map[string]bool) string {
	for _, name := range placeholders(path) {
		shown := redacted
		if public[name] {
			shown = url.PathEscape(vars[name])
		}
		path = strings.ReplaceAll(path, "{"+name+"}", shown)
	}
	return path
}

func redactQuery(query url.Values, public map[string]bool) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, v := range query[name] {
			shown := redacted
			if public[name] {
				shown = url.QueryEscape(v)
			}
			pairs = append(pairs, url.QueryEscape(name)+"="+shown)
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}

// redactBody goes over the JSON that would leave, not over the Go value, so that it sees every key as the vendor would.
func redactBody(body any, public map[string]bool) (string, error) {
	raw, err := encode(body)
	if err != nil || raw == nil {
		return "", err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", err
	}
	shown, err := encode(redactValue(v, "", public))
	return string(shown), err
}

func redactValue(v any, key string, public map[string]bool) any {
	switch v := v.(type) {
	case string:
		if !public[key] {
			return redacted
		}
	case []any:
		for i := range v {
			v[i] = redactValue(v[i], key, public)
		}
	case map[string]any:
		if shown, named := public[key]; named && !shown {
			public = nil
		}
		for k := range v {
			v[k] = redactValue(v[k], k, public)
		}
	}
	return v
}
