package service_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"
)

// desk is a vendor that RPCs are forwarded to: it answers as it is told and keeps what it was asked.
type desk struct {
	does  map[string]func(request, response proto.Message) (int, error)
	asked []proto.Message
	tells map[string]adapters.VendorEvent // by its key, what a delivery means that holds nothing but the key
}

func (d *desk) Webhook(kind string) (adapters.Webhook, bool) {
	return adapters.Webhook{Read: func(raw []byte) []adapters.VendorEvent { return []adapters.VendorEvent{d.tells[string(raw)]} }}, kind == ""
}

func (d *desk) Vendor() string { return "ujet" }

func (d *desk) Forwards(rpc string) bool { return d.does[rpc] != nil }

func (d *desk) Forward(_ context.Context, rpc string, request, response proto.Message) (adapters.Forwarded, error) {
	d.asked = append(d.asked, proto.Clone(request))
	status, err := d.does[rpc](request, response)
	return adapters.Forwarded{HTTPStatus: status, RequestID: "req-1"}, err
}

// counter is a Forwarding over the real index and dispatcher, with the desk at accounts support (rate 0) and slow (1/s).
type counter struct {
	t        *testing.T
	desk     *desk
	store    *boltmap.Store
	d        *delivery.Dispatcher
	ctx      context.Context
	set      *adapters.Set
	leads    *service.LeadService
	inbox    *service.EventService
	accounts *service.AccountService
	services map[string]*grpc.ServiceDesc
	impls    map[string]any
}

// answeredHere are the RPCs of these services that no vendor is asked for.
var answeredHere = []string{"GetCall", "ListCalls", "LookupCall", "LinkCall", "LookupChat", "LinkChat"}

func newCounter(t *testing.T) *counter {
	t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{t: t, desk: &desk{does: map[string]func(proto.Message, proto.Message) (int, error){}, tells: map[string]adapters.VendorEvent{}}, ctx: caller(t, "default")}
	if c.store, err = boltmap.Open(boltmap.Config{Dir: t.TempDir(), Secret: secret}); err != nil {
		t.Fatal(err)
	}
	set := adapters.NewSet([]*adapters.Account{
		{Name: "support", Tenant: "default", Vendor: "ujet", Adapter: c.desk, Line: line(0)},
		{Name: "slow", Tenant: "default", Vendor: "ujet", Adapter: c.desk, Line: line(1)},
		{Name: "dumb", Tenant: "default", Vendor: "mute", Adapter: mute{}, Line: line(0)},
	})
	c.d = delivery.New(delivery.Config{Store: c.store, Accounts: set, Logger: slog.New(slog.DiscardHandler), Secret: secret})
	cfg := service.Config{
		Store: c.store, Accounts: set, Dispatcher: c.d, Secret: secret, Logger: slog.New(slog.DiscardHandler),
		Region: "US", KeepRequestIDs: 720 * time.Hour, OptOutWords: []string{"STOP"},
	}
	c.set = set
	c.leads, c.accounts = service.New(cfg)
	c.inbox = service.NewEvents(c.leads, c.store)
	forwarding := service.NewForwarding(cfg, func(rpc string) bool { return !slices.Contains(answeredHere, rpc) })
	c.services = map[string]*grpc.ServiceDesc{}
	calls, chats := service.NewSessions(cfg)
	c.impls = map[string]any{leadmuxv1.CallService_ServiceDesc.ServiceName: calls, leadmuxv1.ChatService_ServiceDesc.ServiceName: chats}
	for _, desc := range []*grpc.ServiceDesc{
		&leadmuxv1.EndUserService_ServiceDesc, &leadmuxv1.QueueService_ServiceDesc, &leadmuxv1.CallService_ServiceDesc, &leadmuxv1.ChatService_ServiceDesc,
	} {
		if c.services[desc.ServiceName], err = forwarding.Service(desc); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		c.d.Close(ctx)
		if err := c.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// call makes a call as the server does.
func (c *counter) call(ctx context.Context, rpc string, request proto.Message) (proto.Message, error) {
	c.t.Helper()
	method := adapters.MethodOf(rpc)
	for _, m := range c.services[string(method.Parent().FullName())].Methods {
		if m.MethodName == rpc {
			response, err := m.Handler(c.impls[string(method.Parent().FullName())], ctx, func(into any) error {
				proto.Merge(into.(proto.Message), request)
				return nil
			}, nil)
			message, _ := response.(proto.Message)
			return message, err
		}
	}
	c.t.Fatalf("no RPC %s", rpc)
	return nil, nil //nolint:nilnil // not reached
}

// events are the types of the events there are.
func (c *counter) events() []string {
	c.t.Helper()
	var types []string
	c.view(func(r idmap.Reader) error {
		events, err := r.Events("default", "", 100)
		for _, e := range events {
			types = append(types, e.GetType())
		}
		return err
	})
	return types
}

func (c *counter) view(fn func(r idmap.Reader) error) {
	c.t.Helper()
	if err := c.store.View(context.Background(), fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) operation(id string) *leadmuxv1.Operation {
	c.t.Helper()
	var op *leadmuxv1.Operation
	c.view(func(r idmap.Reader) (err error) {
		op, err = r.Operation("default", id)
		return err
	})
	return op
}

// known makes the desk know a person under an ID of its own.
func (c *counter) known(rpc, id, identifier string) {
	c.desk.does[rpc] = func(_, response proto.Message) (int, error) {
		user := &leadmuxv1.EndUser{Id: id, Identifier: identifier}
		switch response := response.(type) {
		case *leadmuxv1.GetEndUserResponse:
			response.EndUser = user
		case *leadmuxv1.UpsertEndUserResponse:
			response.EndUser = user
		}
		return 200, nil
	}
}

func inDesk(t *testing.T, test func(t *testing.T, c *counter)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newCounter(t)) })
}

func TestAForwardedReadMakesALeadOfAStrangerOnce(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.known("GetEndUser", "7731", "someone")
		var ids []string
		for range 2 {
			got, err := c.call(c.ctx, "GetEndUser", &leadmuxv1.GetEndUserRequest{Account: "support", Identifier: "someone"})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, got.(*leadmuxv1.GetEndUserResponse).GetEndUser().GetId())
		}
		if ids[0] != ids[1] || ids[0][:5] != "lead_" {
			t.Errorf("IDs %v", ids)
		}
		equal(t, "events", c.events(), []string{"lead.created"})
		_, err := c.call(c.ctx, "GetEndUser", &leadmuxv1.GetEndUserRequest{Account: "support", Id: ids[0]})
		if err != nil {
			t.Fatal(err)
		}
		if asked := c.desk.asked[2].(*leadmuxv1.GetEndUserRequest); asked.GetId() != "7731" {
			t.Errorf("the vendor was asked for %q", asked.GetId())
		}
	})
}

func TestAForwardedCallIsRefusedBeforeAnythingIsSent(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.known("GetEndUser", "7731", "")
		get := func(account, id string) error {
			_, err := c.call(c.ctx, "GetEndUser", &leadmuxv1.GetEndUserRequest{Account: account, Id: id})
			return err
		}
		refused(t, get("support", "lead_01k3sc8yhhfg2sp7jx5w0c1zze"), codes.NotFound, "LEAD_NOT_FOUND", "id")
		refused(t, get("nowhere", ""), codes.NotFound, "ACCOUNT_NOT_FOUND")
		refused(t, get("dumb", ""), codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED")
		refused(t, get("", ""), codes.InvalidArgument, "INVALID_FIELD", "account")
		_, err := c.call(t.Context(), "GetEndUser", &leadmuxv1.GetEndUserRequest{Account: "support"})
		refused(t, err, codes.Unauthenticated, "UNAUTHENTICATED")
		if len(c.desk.asked) > 0 {
			t.Errorf("asked %v", c.desk.asked)
		}
	})
}

func TestAForwardedWriteIsJournalledAndRepeatedOnlyHere(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.known("UpsertEndUser", "7731", "someone")
		request := &leadmuxv1.UpsertEndUserRequest{Account: "support", RequestId: "r-1", EndUser: &leadmuxv1.EndUser{Identifier: "someone"}}
		first, err := c.call(c.ctx, "UpsertEndUser", request)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.call(c.ctx, "UpsertEndUser", request)
		if err != nil || !proto.Equal(first, again) || len(c.desk.asked) != 1 {
			t.Errorf("%v, %v, asked %d times: %v", first, again, len(c.desk.asked), err)
		}
		other := proto.CloneOf(request)
		other.EndUser.Identifier = "somebody else"
		_, err = c.call(c.ctx, "UpsertEndUser", other)
		refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
	})
}

func TestAFailureWithoutEffectFreesTheRequestID(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		fail := true
		c.desk.does["UpsertEndUser"] = func(_, _ proto.Message) (int, error) {
			if fail {
				return 429, &adapters.Error{Vendor: "ujet", Op: "UpsertEndUser", Kind: adapters.KindRateLimited, Status: 429}
			}
			return 200, nil
		}
		request := &leadmuxv1.UpsertEndUserRequest{Account: "support", RequestId: "r-1", EndUser: &leadmuxv1.EndUser{Identifier: "someone"}}
		_, err := c.call(c.ctx, "UpsertEndUser", request)
		first := refused(t, err, codes.ResourceExhausted, "VENDOR_RATE_LIMITED")
		fail = false
		if _, err := c.call(c.ctx, "UpsertEndUser", request); err != nil {
			t.Fatal(err)
		}
		op := c.operation(first.metadata["operation_id"])
		if op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED || op.GetAttemptCount() != 2 || !op.GetDirect() {
			t.Errorf("%v", op)
		}
		equal(t, "events", c.events(), []string{"operation.failed"})
	})
}

func TestALostAnswerToAnUpsertMayBeAskedForAgain(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		lost := true
		c.desk.does["UpsertEndUser"] = func(_, response proto.Message) (int, error) {
			if lost {
				return 0, &adapters.Error{Vendor: "ujet", Op: "UpsertEndUser", Kind: adapters.KindUnavailable, Ambiguous: true}
			}
			response.(*leadmuxv1.UpsertEndUserResponse).EndUser = &leadmuxv1.EndUser{Id: "7731"}
			return 200, nil
		}
		request := &leadmuxv1.UpsertEndUserRequest{Account: "support", RequestId: "r-1", EndUser: &leadmuxv1.EndUser{Identifier: "someone"}}
		_, err := c.call(c.ctx, "UpsertEndUser", request)
		first := refused(t, err, codes.Unavailable, "VENDOR_UNAVAILABLE")
		if op := c.operation(first.metadata["operation_id"]); op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT {
			t.Errorf("%v", op)
		}
		lost = false
		if _, err := c.call(c.ctx, "UpsertEndUser", request); err != nil {
			t.Fatal(err)
		}
		if op := c.operation(first.metadata["operation_id"]); op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_SUCCEEDED {
			t.Errorf("%v", op)
		}
	})
}

func TestAWriteWhoseSlotComesTooLateIsRefusedAndNotJournalled(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.known("UpsertEndUser", "7731", "someone")
		request := &leadmuxv1.UpsertEndUserRequest{Account: "slow", EndUser: &leadmuxv1.EndUser{Identifier: "someone"}}
		ctx, cancel := context.WithTimeout(c.ctx, 500*time.Millisecond)
		defer cancel()
		_, err := c.call(ctx, "UpsertEndUser", request)
		refused(t, err, codes.ResourceExhausted, "NO_RATE_SLOT")
		if e, ok := err.(*rpcerr.Error); !ok || e.RetryAfter <= 0 || e.RetryAfter > 2*time.Second { //nolint:errorlint // made by us
			t.Errorf("%v", err)
		}
		if len(c.desk.asked)+len(c.events()) > 0 {
			t.Errorf("asked %v", c.desk.asked)
		}
		patient, cancel := context.WithTimeout(c.ctx, 5*time.Second)
		defer cancel()
		begin := time.Now()
		for range 3 {
			if _, err := c.call(patient, "UpsertEndUser", request); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took < 2*time.Second {
			t.Errorf("three writes took %s", took)
		}
	})
}

func TestACutOffWriteIsInDoubtAfterTheNextStart(t *testing.T) {
	inDesk(t, func(t *testing.T, c *counter) {
		c.desk.does["UpsertEndUser"] = func(_, _ proto.Message) (int, error) {
			return 0, &adapters.Error{Vendor: "ujet", Kind: adapters.KindTimeout, Ambiguous: true}
		}
		_, err := c.call(c.ctx, "UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{Account: "support", EndUser: &leadmuxv1.EndUser{Identifier: "x"}})
		id := refusalOf(t, err).metadata["operation_id"]
		op := c.operation(id)
		op.State = leadmuxv1.OperationState_OPERATION_STATE_STARTED // as the journal has it while the attempt is under way
		op.Attempts[0].Holder, op.Attempts[0].EndTime = "a process that is gone", nil
		if err := c.store.Update(context.Background(), func(tx idmap.Tx) error { return tx.PutOperation("default", op) }); err != nil {
			t.Fatal(err)
		}
		next := delivery.New(delivery.Config{Store: c.store, Accounts: adapters.NewSet(nil), Logger: slog.New(slog.DiscardHandler)})
		if err := next.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		next.Close(context.Background())
		if op := c.operation(id); op.GetState() != leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT || op.GetAttempts()[0].GetReason() != "INTERRUPTED" {
			t.Errorf("%v", op)
		}
		if !slices.Contains(c.events(), "operation.in_doubt") {
			t.Errorf("events %v", c.events())
		}
	})
}
