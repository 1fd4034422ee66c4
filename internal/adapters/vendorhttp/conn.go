package vendorhttp

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// ConnConfig is what a Conn is made of.
type ConnConfig struct {
	// Client sends; its routes must hold those of Forwards.
	Client *Client
	// Forwards are the RPCs that the vendor has.
	Forwards Forwards
	// Names and Numbers are those of every RPC, as in Forward.
	Names   map[string]string
	Numbers []string
	// NumericIDs says that the vendor's IDs of leads, calls and chats are numbers.
	NumericIDs bool
	// Refusal reads the vendor's errors. Its fields have the vendor's names, and get ours.
	Refusal func(Answer) Decoded
	// Bodies build the body of single RPCs where a table cannot: from the request, and the fields as they would be sent. An error
	// is *adapters.Error.
	Bodies map[string]func(request proto.Message, fields map[string]any) (any, error)
	// Finish completes the responses of single RPCs where a table cannot: from the answer, in the request's own terms.
	Finish map[string]func(a Answer, request, response proto.Message)
	// Drift is told of what an answer holds and we do not know; may be nil.
	Drift func(vendor, what string)
}

// Conn is a connection over which RPCs are made whose wire is a vendor's REST API: adapters.Forwarder by a table. Its methods may
// be called from several goroutines.
type Conn struct {
	cfg    ConnConfig
	client *Client
}

// NewConn makes a Conn. Its error is one of the table.
func NewConn(cfg ConnConfig) (*Conn, error) {
	for name := range cfg.Forwards {
		if _, ok := cfg.Client.routes[name]; !ok {
			return nil, fmt.Errorf("forward %s: no such route", name)
		}
	}
	if cfg.Drift == nil {
		cfg.Drift = func(string, string) {}
	}
	return &Conn{cfg: cfg, client: cfg.Client}, nil
}

// Forwards says whether the vendor has the RPC.
func (c *Conn) Forwards(rpc string) bool {
	_, ok := c.cfg.Forwards[rpc]
	return ok
}

// Forward does an RPC once. Errors are *adapters.Error.
func (c *Conn) Forward(ctx context.Context, rpc string, request, response proto.Message) (adapters.Forwarded, error) {
	f, ok := c.cfg.Forwards[rpc]
	if !ok {
		return adapters.Forwarded{}, &adapters.Error{Vendor: c.client.vendor, Op: rpc, Kind: adapters.KindNotSupported}
	}
	call, err := c.call(rpc, f, request.ProtoReflect())
	if err != nil {
		return adapters.Forwarded{}, err
	}
	answer, err := c.client.exchange(ctx, call, func(a Answer) *adapters.Error {
		return c.read(f, a, request.ProtoReflect(), response.ProtoReflect())
	})
	return adapters.Forwarded{HTTPStatus: answer.Status, RequestID: answer.RequestID()}, err
}

// CheckForward refuses a request that has a value which the vendor's form cannot hold.
func (c *Conn) CheckForward(rpc string, request proto.Message) error {
	f, ok := c.cfg.Forwards[rpc]
	if !ok {
		return &adapters.Error{Vendor: c.client.vendor, Op: rpc, Kind: adapters.KindNotSupported}
	}
	_, _, err := c.encode(rpc, f, request.ProtoReflect())
	return err
}

// read fills the response in from a success.
func (c *Conn) read(f Forward, a Answer, request, response protoreflect.Message) *adapters.Error {
	if f.File {
		return readFile(a, response)
	}
	d := &decoder{naming: c.naming(f)}
	if !tells(response.Descriptor()) {
		return nil
	}
	if err := d.response(f, a.Body, response); err != nil {
		return &adapters.Error{Kind: adapters.KindBadAnswer, Status: a.Status, Ambiguous: true, Cause: err}
	}
	if f.Accepted != "" && a.Status == http.StatusAccepted {
		response.Set(response.Descriptor().Fields().ByName(protoreflect.Name(f.Accepted)), protoreflect.ValueOfBool(true))
	}
	f.Pages.next(a.Header, request, response, f.Reply)
	if finish := c.cfg.Finish[a.Route]; finish != nil {
		finish(a, request.Interface(), response.Interface())
	}
	for range d.odd {
		c.cfg.Drift(c.client.vendor, "value")
	}
	for range d.unknown {
		c.cfg.Drift(c.client.vendor, "key")
	}
	return nil
}

// tells says whether a response has anything that a vendor's answer could fill in; else its status says it all.
func tells(response protoreflect.MessageDescriptor) bool { return response.Fields().Len() > 0 }

func (c *Conn) naming(f Forward) naming {
	return naming{
		names:   []map[string]string{f.Names, c.cfg.Names},
		numbers: append(slices.Clone(f.Numbers), c.cfg.Numbers...),
		texts:   f.Texts,
		numeric: c.cfg.NumericIDs,
	}
}

// Capabilities are what the table makes of the account, ordered by RPC; account and vendor are left empty.
func (c *Conn) Capabilities() []*leadmuxv1.Capability {
	var all []*leadmuxv1.Capability
	for _, rpc := range slices.Sorted(maps.Keys(c.cfg.Forwards)) {
		if method := adapters.MethodOf(rpc); method != nil {
			all = append(all, Capability(c.client, rpc, adapters.ClassOf(method), rpc))
		}
	}
	return all
}
