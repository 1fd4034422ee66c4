package ujet

import (
	"context"
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// Forwards are the RPCs that go to the vendor as they are. Each is one line of a table beside this file; what differs between our
// messages and the vendor's JSON everywhere is in names and numbers.
func Forwards() vendorhttp.Forwards {
	all := vendorhttp.Forwards{}
	for _, some := range []vendorhttp.Forwards{
		forwardsOfQueues(), forwardsOfEndUsers(), forwardsOfCalls(), forwardsOfChats(), forwardsOfCampaigns(), forwardsOfAgents(),
		forwardsOfAgentImports(), forwardsOfDoNotCall(), forwardsOfQueueSettings(), forwardsOfContactLists(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// Forwards says whether the vendor has the RPC.
func (a *Adapter) Forwards(rpc string) bool { return a.conn.Forwards(rpc) }

// Forward does an RPC once.
func (a *Adapter) Forward(ctx context.Context, rpc string, request, response proto.Message) (adapters.Forwarded, error) {
	if rpc == routeAddCampaignContact {
		return a.addContact(ctx, request, response)
	}
	if _, ok := forwardsOfAgentImports()[rpc]; ok {
		return a.bulk.Forward(ctx, rpc, request, response)
	}
	return a.conn.Forward(ctx, rpc, request, response)
}

// CheckForward refuses a request that cannot be sent.
func (a *Adapter) CheckForward(rpc string, request proto.Message) error {
	return a.conn.CheckForward(rpc, request)
}

// newConn makes the connection of the RPCs that are forwarded.
func newConn(client *vendorhttp.Client, cfg Config) (*vendorhttp.Conn, error) {
	bodies := map[string]func(proto.Message, map[string]any) (any, error){
		"SetCallCustomData": customData("SetCallCustomData", cfg.CompanySecret, time.Now),
		"SetChatCustomData": customData("SetChatCustomData", cfg.CompanySecret, time.Now),
	}
	if cfg.ContentAsObject {
		bodies["SendChatMessage"] = contentAsObject
	}
	return vendorhttp.NewConn(vendorhttp.ConnConfig{
		Client: client, Forwards: Forwards(), Names: names, Numbers: numbers, NumericIDs: true,
		Refusal: refusal, Drift: cfg.Drift, Finish: finishing, Bodies: bodies,
	})
}

// contentAsObject is the body of operation 34 in its other form: what the message holds stands within its content.
func contentAsObject(_ proto.Message, fields map[string]any) (any, error) {
	message, _ := fields["message"].(map[string]any)
	if id, isMedia := message["media_id"]; isMedia {
		delete(message, "media_id")
		message["content"] = map[string]any{"media_id": id}
	} else {
		message["content"] = map[string]any{"text": message["content"]}
	}
	return fields, nil
}

// refusal reads {"message": "…"} for the forwarded RPCs. A text that the documents print goes to the caller as it is; of another one
// only the field's name is taken, if it begins with one.
func refusal(answer vendorhttp.Answer) vendorhttp.Decoded {
	message, ok := messageOf(answer)
	if !ok {
		return vendorhttp.Decoded{}
	}
	for _, known := range printed {
		if d, ok := known.decode(message); ok {
			return d
		}
	}
	wire, problem := splitMessage(message)
	return vendorhttp.Decoded{Fields: []*leadmuxv1.FieldViolation{{Field: wire, Description: problem}}}
}
