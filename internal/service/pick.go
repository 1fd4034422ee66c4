package service

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// pickAccounts returns the accounts that were named, or the default accounts the caller may use, ordered by name.
func (s *LeadService) pickAccounts(p auth.Principal, names []string) ([]*adapters.Account, error) {
	if len(names) == 0 {
		return s.defaultAccounts(p)
	}
	picked := make([]*adapters.Account, 0, len(names))
	for i, name := range names {
		account, err := accountOf(s.cfg.Accounts, p, name)
		if err != nil {
			field := "accounts[" + strconv.Itoa(i) + "]"
			return nil, err.Field(field, err.Message).WithCode(codeInList(err))
		}
		picked = append(picked, account)
	}
	slices.SortFunc(picked, func(a, b *adapters.Account) int { return strings.Compare(a.Name, b.Name) })
	return picked, nil
}

// codeInList is the code of an account's error when the account stands in a list of a request, not in its path.
func codeInList(e *rpcerr.Error) codes.Code {
	if e.Reason == leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_FOUND {
		return codes.InvalidArgument
	}
	return codes.PermissionDenied
}

func (s *LeadService) defaultAccounts(p auth.Principal) ([]*adapters.Account, error) {
	var picked []*adapters.Account
	for _, account := range s.cfg.Accounts.Of(p.Tenant) {
		if account.Default && p.May(account.Name) {
			picked = append(picked, account)
		}
	}
	if len(picked) == 0 {
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_NO_ACCOUNT,
			"accounts: name at least one; there are no default accounts for this key").
			Field("accounts", "name at least one of: "+strings.Join(namesOf(s.cfg.Accounts, p), ", "))
	}
	return picked, nil
}

// accountOf returns an account of the caller's tenant that the caller may use.
func accountOf(set *adapters.Set, p auth.Principal, name string) (*adapters.Account, *rpcerr.Error) {
	account, ok := set.Get(p.Tenant, name)
	if !ok {
		names := strings.Join(namesOf(set, p), ", ")
		return nil, rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_FOUND,
			"there is no account of this name; there are: %s", names).With("accounts", names)
	}
	if !p.May(name) {
		return nil, notAllowed(name)
	}
	return account, nil
}

func notAllowed(account string) *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_ALLOWED, "this key may not use account %s", account)
}

func namesOf(set *adapters.Set, p auth.Principal) []string {
	var names []string
	for _, account := range set.Of(p.Tenant) {
		if p.May(account.Name) {
			names = append(names, account.Name)
		}
	}
	return names
}

// checkOptions refuses options for a vendor that the lead does not go to: they would have no effect.
func checkOptions(options *leadmuxv1.VendorOptions, accounts []*adapters.Account) error {
	given := map[string]bool{
		"verse": options.GetVerse() != nil, "ujet": options.GetUjet() != nil,
		"conversica": options.GetConversica() != nil, "convertalk": options.GetConvertalk() != nil,
	}
	for vendor, is := range given {
		goes := slices.ContainsFunc(accounts, func(a *adapters.Account) bool { return a.Vendor == vendor })
		if is && !goes {
			return rpcerr.Invalid("vendor_options."+vendor, "the lead goes to no %s account; leave it out or name one", vendor)
		}
	}
	return nil
}
