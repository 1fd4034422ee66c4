package adapters

import (
	"context"
	"net/url"
	"strings"
)

// Passer can make a request that no RPC stands for, under the account's credentials and rate slots.
type Passer interface {
	Adapter
	// Pass makes the request. An answer of the vendor's own, whatever its status, is no error, but that it wants other credentials,
	// fewer requests, or has a fault. Errors are *Error.
	Pass(ctx context.Context, request RawRequest) (RawAnswer, error)
}

// RawRequest is a request in the vendor's own terms.
type RawRequest struct {
	// Method is an HTTP method.
	Method string
	// Path begins with "/" and is appended to the account's base URL.
	Path  string
	Query url.Values
	// Body is JSON; nil for none.
	Body []byte
}

// Beneath says whether the path, in whatever way it is written, stays beneath the base URL. A request whose path does not is never sent.
func (r RawRequest) Beneath() bool {
	plain := strings.ToLower(r.Path)
	for _, dot := range []string{"%2e", "%2f", "%5c", `\`} {
		if strings.Contains(plain, dot) {
			return false
		}
	}
	if !strings.HasPrefix(r.Path, "/") || strings.Contains(r.Path, "//") || strings.ContainsAny(r.Path, "?#{}") {
		return false
	}
	for segment := range strings.SplitSeq(r.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	_, err := url.Parse("http://host" + r.Path)
	return err == nil
}

// RawAnswer is the vendor's answer.
type RawAnswer struct {
	Status    int
	Body      []byte
	RequestID string // the vendor's ID of the request
}
