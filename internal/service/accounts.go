package service

import (
	"context"
	"errors"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// ListAccounts returns the accounts that the caller may use.
func (s *AccountService) ListAccounts(ctx context.Context, _ *leadmuxv1.ListAccountsRequest) (*leadmuxv1.ListAccountsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.ListAccountsResponse{}
	for _, account := range s.allowed(p) {
		shown, err := s.show(ctx, account)
		if err != nil {
			return nil, err
		}
		response.Accounts = append(response.Accounts, shown)
	}
	return response, nil
}

// GetAccount returns one account with its health.
func (s *AccountService) GetAccount(ctx context.Context, request *leadmuxv1.GetAccountRequest) (*leadmuxv1.GetAccountResponse, error) {
	account, err := s.named(ctx, request.GetAccount())
	if err != nil {
		return nil, err
	}
	shown, err := s.show(ctx, account)
	if err != nil {
		return nil, err
	}
	return &leadmuxv1.GetAccountResponse{Account: shown}, nil
}

// TestAccount asks the vendor whether the account works, and resumes it when it does.
func (s *AccountService) TestAccount(ctx context.Context, request *leadmuxv1.TestAccountRequest) (*leadmuxv1.TestAccountResponse, error) {
	account, err := s.named(ctx, request.GetAccount())
	if err != nil {
		return nil, err
	}
	tester, ok := account.Adapter.(adapters.Tester)
	if !ok {
		return nil, &adapters.Error{Vendor: account.Vendor, Op: "TestAccount", Kind: adapters.KindNotSupported}
	}
	response := &leadmuxv1.TestAccountResponse{}
	failure := tester.Test(ctx)
	var refused *adapters.Error
	switch {
	case failure == nil:
		response.Ok = true
		if err := s.cfg.Dispatcher.Resume(ctx, account); err != nil {
			return nil, err
		}
	case errors.As(failure, &refused):
		s.cfg.Dispatcher.Met(account, failure)
		response.Error = rpcerr.Engagement(refused)
	default:
		return nil, failure
	}
	response.Account, err = s.show(ctx, account)
	if err != nil {
		return nil, err
	}
	return response, nil
}

// ListCapabilities returns what the caller's accounts can do.
func (s *AccountService) ListCapabilities(ctx context.Context, request *leadmuxv1.ListCapabilitiesRequest) (*leadmuxv1.ListCapabilitiesResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	accounts := s.allowed(p)
	if request.GetAccount() != "" {
		account, err := accountOf(s.cfg.Accounts, p, request.GetAccount())
		if err != nil {
			return nil, err
		}
		accounts = []*adapters.Account{account}
	}
	response := &leadmuxv1.ListCapabilitiesResponse{}
	for _, account := range accounts {
		describer, ok := account.Adapter.(adapters.Describer)
		if !ok {
			continue
		}
		for _, capability := range describer.Capabilities() {
			capability.Account, capability.Vendor = account.Name, account.Vendor
			response.Capabilities = append(response.Capabilities, capability)
		}
	}
	return response, nil
}

func (s *AccountService) named(ctx context.Context, name string) (*adapters.Account, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, refusal := accountOf(s.cfg.Accounts, p, name)
	if refusal != nil {
		return nil, refusal
	}
	return account, nil
}

func (s *AccountService) allowed(p auth.Principal) []*adapters.Account {
	var allowed []*adapters.Account
	for _, account := range s.cfg.Accounts.Of(p.Tenant) {
		if p.May(account.Name) {
			allowed = append(allowed, account)
		}
	}
	return allowed
}

// show is an account as callers see it.
func (s *AccountService) show(ctx context.Context, account *adapters.Account) (*leadmuxv1.Account, error) {
	health, err := s.cfg.Dispatcher.Health(ctx, account)
	if err != nil {
		return nil, err
	}
	health.LastPollTime = vendorTime(s.cfg.Polled(account.Name))
	return &leadmuxv1.Account{Account: account.Name, Vendor: account.Vendor, IsDefault: account.Default, Health: health}, nil
}
