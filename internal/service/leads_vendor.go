package service

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// listVendorLeads is the RPC, as capabilities and page tokens name it.
const listVendorLeads = "ListVendorLeads"

const (
	// maxVendorPages bounds how many of the vendor's pages one call reads.
	maxVendorPages = 20
	// walkTime is how long a walk remembers which leads it has returned.
	walkTime = time.Hour
)

// walk is where a reading of a vendor's leads stands. The vendor's pages shift while leads are added to it, so what was
// returned is remembered in the index, under the walk's ID, and passed over when it turns up again.
type walk struct {
	ID   string `json:"w"`
	Page int    `json:"p"`
	Call int    `json:"c"` // a call that is repeated, because its answer was lost, returns its leads again
}

// ListVendorLeads reads leads live at the vendor, each once in a walk, until the vendor has no more.
func (s *LeadService) ListVendorLeads(ctx context.Context, request *leadmuxv1.ListVendorLeadsRequest) (*leadmuxv1.ListVendorLeadsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.accountFor(p, request.GetAccount())
	if err != nil {
		return nil, err
	}
	lister, ok := account.Adapter.(adapters.LeadLister)
	if !ok {
		return nil, s.unsupported(p, &adapters.Error{Vendor: account.Vendor, Op: listVendorLeads, Kind: adapters.KindNotSupported})
	}
	pages := s.pages(p.Tenant, listVendorLeads, request)
	at, err := pages.walk(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := pageSize(request.GetPageSize())
	in := &intake{s: s, tenant: p.Tenant, account: account, walk: at, given: map[string]bool{}}
	response := &leadmuxv1.ListVendorLeadsResponse{}
	for range maxVendorPages {
		in.asked = s.cfg.Now()
		found, err := lister.ListLeads(ctx, at.Page)
		s.cfg.Dispatcher.Met(account, err)
		if err != nil && len(response.GetLeads()) > 0 {
			break // what is here counts; the next call meets the vendor's error again
		}
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return response, nil
		}
		leads, whole, err := in.page(ctx, found, size-len(response.GetLeads()))
		if err != nil {
			return nil, err
		}
		response.Leads = append(response.Leads, leads...)
		if !whole {
			break // the rest of this page comes with the next call
		}
		at.Page++
		if len(response.GetLeads()) == size {
			break
		}
	}
	at.Call++
	response.NextPageToken = pages.walkToken(at)
	return response, nil
}

// walk reads a page token; without one a walk begins.
func (p pages) walk(token string) (walk, error) {
	position, err := p.position(token)
	if err != nil || position == "" {
		return walk{ID: uuid.NewString(), Page: 1}, err
	}
	var at walk
	return at, json.Unmarshal([]byte(position), &at) // signed by us, so it is one
}

func (p pages) walkToken(at walk) string {
	position, err := json.Marshal(at)
	if err != nil { // a text and a number can always be written
		return ""
	}
	return p.token(string(position))
}
