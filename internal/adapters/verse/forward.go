package verse

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

var _ adapters.ForwardChecker = (*Adapter)(nil)

const routeCreateWebhook = "CreateVendorWebhook"

// Forwards are the RPCs that go to the vendor as they are: its webhook subscriptions, operations 5 to 7. That there are such
// subscriptions stands in the Postman documentation; methods, paths and bodies are assumed.
func Forwards() vendorhttp.Forwards {
	assume := func(method, path string) vendorhttp.Route {
		return vendorhttp.Route{Method: method, Path: path, Evidence: leadmuxv1.Evidence_EVIDENCE_D}
	}
	names := map[string]string{"vendor_webhook_id": "id", "vendor_event": "event", "bearer": "token", "own": "-"}
	return vendorhttp.Forwards{
		routeCreateWebhook: {
			Route: assume(http.MethodPost, "/webhooks"), Send: "vendor_webhook", Reply: "vendor_webhook", Names: names,
			Ignore: []string{"message"}, // "Created Webhook"
		},
		"ListVendorWebhooks":  {Route: assume(http.MethodGet, "/webhooks"), Reply: "vendor_webhooks", Names: names},
		"DeleteVendorWebhook": {Route: assume(http.MethodDelete, "/webhooks/{vendor_webhook_id}")},
	}
}

// Forwards says whether the vendor has the RPC.
func (a *Adapter) Forwards(rpc string) bool { return a.conn.Forwards(rpc) }

// CheckForward refuses a request that cannot be sent.
func (a *Adapter) CheckForward(rpc string, request proto.Message) error {
	return a.conn.CheckForward(rpc, request)
}

// Forward does an RPC once. Only the team's primary key may subscribe for the team (stated); that another one is answered 403 is
// assumed. It says nothing against the key, and must not stop the account.
func (a *Adapter) Forward(ctx context.Context, rpc string, request, response proto.Message) (adapters.Forwarded, error) {
	came, err := a.conn.Forward(ctx, rpc, request, response)
	asked, _ := request.(*leadmuxv1.CreateVendorWebhookRequest)
	refused, ok := errors.AsType[*adapters.Error](err)
	if ok && refused.Status == http.StatusForbidden && refused.Kind == adapters.KindCredentials && asked.GetVendorWebhook().GetTeam() {
		refused.Kind, refused.Message = adapters.KindInvalid, "only the team's primary key gets the leads of all members"
		refused.Fields = []*leadmuxv1.FieldViolation{{Field: "vendor_webhook.team",
			Description: "needs the account that has the team's primary key; leave it out for this account's own leads"}}
	}
	return came, err
}

// hookRefusals are the beginnings of 422s about subscriptions, in lower case, with the vendor's field; all by analogy with the
// messages on leads (assumed).
var hookRefusals = []struct{ begins, field, problem string }{
	{`"url" is required`, "url", "Verse needs a URL"},
	{"url is invalid", "url", "Verse cannot send to this URL; give an https one that it can reach"},
	{`"event" is required`, "event", "Verse needs an event"},
	{"event is invalid", "event", "Verse has no such event"},
	{`"token" is required`, "token", "Verse needs a bearer token for this URL"},
	{"token is invalid", "token", "Verse cannot send this bearer token"},
}

// hookRefusal reads a refusal of what is forwarded. Its fields have the vendor's names.
func hookRefusal(a vendorhttp.Answer) vendorhttp.Decoded {
	message, code := complaint(a.Body)
	switch a.Status {
	case http.StatusConflict:
		return vendorhttp.Decoded{Code: code, Message: "it sends this event to this URL already; ListVendorWebhooks shows it"}
	case http.StatusUnprocessableEntity:
		for _, known := range hookRefusals {
			if strings.HasPrefix(message, known.begins) {
				return vendorhttp.Decoded{Fields: []*leadmuxv1.FieldViolation{{Field: known.field, Description: known.problem}}}
			}
		}
		return refusal(message)
	}
	if saysNoRoute(a.Status, message) {
		return vendorhttp.Decoded{Kind: adapters.KindRouteUnknown, HasKind: true}
	}
	return vendorhttp.Decoded{}
}

// newConn makes the connection of the RPCs that are forwarded.
func newConn(client *vendorhttp.Client, drift func(vendor, what string)) (*vendorhttp.Conn, error) {
	return vendorhttp.NewConn(vendorhttp.ConnConfig{Client: client, Forwards: Forwards(), Refusal: hookRefusal, Drift: drift})
}
