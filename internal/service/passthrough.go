package service

import (
	"context"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

const passthrough = "Passthrough"

// Passthrough makes a request at a vendor that no RPC stands for.
func (s *AccountService) Passthrough(ctx context.Context, request *leadmuxv1.PassthroughRequest) (*leadmuxv1.PassthroughResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.named(ctx, request.GetAccount())
	if err != nil {
		return nil, err
	}
	passer, ok := account.Adapter.(adapters.Passer)
	if !ok {
		return nil, &adapters.Error{Vendor: account.Vendor, Op: passthrough, Kind: adapters.KindNotSupported}
	}
	raw, err := rawRequest(request)
	if err != nil {
		return nil, err
	}
	direct := delivery.Direct{
		Tenant: p.Tenant, Account: account, Method: adapters.MethodOf(passthrough), Class: leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE,
		Request: request, Response: &leadmuxv1.PassthroughResponse{},
		Send: func(ctx context.Context, _, response proto.Message) (adapters.Forwarded, error) {
			answer, err := passer.Pass(ctx, raw)
			if out, ok := response.(*leadmuxv1.PassthroughResponse); ok {
				fillRaw(out, answer)
			}
			return adapters.Forwarded{HTTPStatus: answer.Status, RequestID: answer.RequestID}, err
		},
	}
	if request.GetMethod() == http.MethodGet {
		direct.Class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
	}
	if id := request.GetRequestId(); id != "" {
		key, err := s.cfg.requestKey(p.Tenant, passthrough, id, request)
		if err != nil {
			return nil, err
		}
		direct.Key = directKey{key, s.cfg}
	}
	response := &leadmuxv1.PassthroughResponse{}
	direct.Response = response
	return response, s.cfg.Dispatcher.Direct(ctx, direct)
}

func rawRequest(request *leadmuxv1.PassthroughRequest) (adapters.RawRequest, error) {
	raw := adapters.RawRequest{Method: request.GetMethod(), Path: request.GetPath(), Query: url.Values{}}
	for name, value := range request.GetQuery() {
		raw.Query.Set(name, value)
	}
	if !raw.Beneath() {
		return raw, rpcerr.Invalid("path", `must lead beneath the account's base URL: no "..", no "//", neither of them encoded, no braces`)
	}
	if request.GetBody() == nil {
		return raw, nil
	}
	var err error
	raw.Body, err = request.GetBody().MarshalJSON()
	return raw, err
}

// fillRaw puts the vendor's answer into the response: as JSON where it is that, else as text.
func fillRaw(response *leadmuxv1.PassthroughResponse, answer adapters.RawAnswer) {
	response.Status, response.VendorRequestId = int32(answer.Status), answer.RequestID
	body := new(structpb.Value)
	if err := body.UnmarshalJSON(answer.Body); err == nil {
		response.Body = body
		return
	}
	response.Text = string(answer.Body)
}
