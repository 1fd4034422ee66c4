package service

import (
	"context"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// EndConversation ends conversations as qualified.
func (s *LeadService) EndConversation(ctx context.Context, request *leadmuxv1.EndConversationRequest) (*leadmuxv1.EndConversationResponse, error) {
	lead, requests, err := s.conversation(ctx, delivery.EndConversation, request)
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.EndConversationResponse{Lead: lead, VendorRequests: requests}, nil
}

// StopConversation ends conversations as unqualified.
func (s *LeadService) StopConversation(ctx context.Context, request *leadmuxv1.StopConversationRequest) (*leadmuxv1.StopConversationResponse, error) {
	lead, requests, err := s.conversation(ctx, delivery.StopConversation, request)
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.StopConversationResponse{Lead: lead, VendorRequests: requests}, nil
}

// DeferConversation pauses conversations.
func (s *LeadService) DeferConversation(ctx context.Context, request *leadmuxv1.DeferConversationRequest) (*leadmuxv1.DeferConversationResponse, error) {
	lead, requests, err := s.conversation(ctx, delivery.DeferConversation, request)
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.DeferConversationResponse{Lead: lead, VendorRequests: requests}, nil
}

// conversationRequest is what the three requests have in common.
type conversationRequest interface {
	proto.Message
	GetLeadId() string
	GetAccounts() []string
	GetReason() string
	GetRequestId() string
	GetWait() *durationpb.Duration
	GetValidateOnly() bool
}

func (s *LeadService) conversation(ctx context.Context, method string, request conversationRequest) (*leadmuxv1.Lead, []*leadmuxv1.VendorRequest, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, nil, err
	}
	key, err := s.requestKey(p.Tenant, method, request.GetRequestId(), request)
	if err != nil {
		return nil, nil, err
	}
	return s.apply(ctx, change{
		tenant: p.Tenant, leadID: request.GetLeadId(), key: key,
		write: delivery.Write{Method: method, Reason: request.GetReason()},
		wait:  waitOf(request.GetWait()), validateOnly: request.GetValidateOnly(),
		edit: func(_ idmap.Reader, lead *leadmuxv1.Lead) ([]*adapters.Account, error) {
			if len(request.GetAccounts()) > 0 {
				return s.openNamed(p, lead, method, request.GetAccounts())
			}
			return s.openAll(p, lead, method)
		},
	})
}

// openNamed returns the accounts that were named: the lead must have an open engagement at each, and each must be able to do
// what is asked.
func (s *LeadService) openNamed(p auth.Principal, lead *leadmuxv1.Lead, method string, names []string) ([]*adapters.Account, error) {
	accounts, err := s.pickAccounts(p, names)
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		if !delivery.Open(delivery.Engagement(lead, account.Name)) {
			return nil, notOpen("the lead has no open engagement at "+account.Name).Field("accounts["+strconv.Itoa(indexOf(names, account.Name))+"]", "has no open engagement")
		}
		if _, unsupported := delivery.WriteOf(account, method); unsupported != nil {
			return nil, s.unsupported(p, unsupported)
		}
	}
	return accounts, nil
}

// openAll returns all accounts with an open engagement that can do what is asked; the others are warned about.
func (s *LeadService) openAll(p auth.Principal, lead *leadmuxv1.Lead, method string) ([]*adapters.Account, error) {
	var accounts []*adapters.Account
	open := 0
	for _, e := range lead.GetEngagements() {
		account, configured := s.cfg.Accounts.Get(p.Tenant, e.GetAccount())
		if !delivery.Open(e) || !configured || !p.May(account.Name) {
			continue
		}
		open++
		if _, unsupported := delivery.WriteOf(account, method); unsupported != nil {
			warn(e, leadmuxv1.WarningCode_WARNING_CODE_VENDOR_NOT_TOLD, account.Vendor+" has no "+method)
			continue
		}
		accounts = append(accounts, account)
	}
	if open == 0 {
		return nil, notOpen("the lead has no open engagement")
	}
	return accounts, nil
}

func notOpen(message string) *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_NOT_OPEN, "%s", message)
}

// allCan refuses an RPC that one of the accounts cannot do.
func (s *LeadService) allCan(p auth.Principal, rpc string, accounts []*adapters.Account) error {
	for _, account := range accounts {
		if _, unsupported := delivery.WriteOf(account, rpc); unsupported != nil {
			return s.unsupported(p, unsupported)
		}
	}
	return nil
}

// unsupported names the accounts that could do what one cannot.
func (s *LeadService) unsupported(p auth.Principal, e *adapters.Error) error {
	return s.cfg.unsupported(p, e)
}

func (c Config) unsupported(p auth.Principal, e *adapters.Error) error {
	var able []string
	for _, account := range c.Accounts.Of(p.Tenant) {
		if p.May(account.Name) && can(account, e.Op) {
			able = append(able, account.Name)
		}
	}
	e.Message = "none of your accounts has it"
	if len(able) > 0 {
		e.Message = "these accounts have it: " + strings.Join(able, ", ")
	}
	return rpcerr.FromVendor(e).With("accounts", strings.Join(able, ", "))
}

// can says whether an account can do an RPC.
func can(account *adapters.Account, rpc string) bool {
	if rpc == listVendorLeads {
		_, lists := account.Adapter.(adapters.LeadLister)
		return lists
	}
	if forwarder, ok := account.Adapter.(adapters.Forwarder); ok && forwarder.Forwards(rpc) {
		return true
	}
	_, unsupported := delivery.WriteOf(account, rpc)
	return unsupported == nil
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return 0
}
