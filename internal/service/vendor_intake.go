package service

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// intake takes a vendor's leads into the index, in one call of a walk.
type intake struct {
	s       *LeadService
	tenant  string
	account *adapters.Account
	walk    walk
	asked   time.Time       // when the vendor was asked for the page
	given   map[string]bool // vendor IDs that this call has returned
}

// page takes in a vendor's page, in one transaction: at most limit leads that this walk has not returned. whole says that none
// of the page is left.
func (in *intake) page(ctx context.Context, found []adapters.VendorLead, limit int) (leads []*leadmuxv1.Lead, whole bool, err error) {
	var given map[string]bool
	var drift int
	var ops []*leadmuxv1.Operation
	err = in.s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		leads, whole, given, drift, ops = nil, true, maps.Clone(in.given), 0, nil
		for _, record := range found {
			before, err := in.returned(tx, record.VendorLeadID)
			if err != nil {
				return err
			}
			if before || given[record.VendorLeadID] {
				continue
			}
			if len(leads) == limit {
				whole = false
				return nil
			}
			t := taking{intake: in, tx: tx, record: record, drift: &drift}
			lead, err := t.take()
			if err != nil {
				return err
			}
			if lead == nil {
				continue
			}
			if err := in.remember(tx, record.VendorLeadID, lead.GetLeadId()); err != nil {
				return err
			}
			told, err := in.s.cfg.Dispatcher.Honour(tx, in.tenant, lead) // a suppressed person may come back by a vendor
			if err != nil {
				return err
			}
			ops = append(ops, told...)
			given[record.VendorLeadID] = true
			leads = append(leads, lead)
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	in.s.cfg.Dispatcher.Go(in.tenant, ops)
	in.given = given
	for range drift {
		in.s.cfg.Drift(in.account.Vendor, "status")
	}
	return leads, whole, nil
}

// returned says whether an earlier call of this walk has returned the vendor's lead.
func (in *intake) returned(tx idmap.Tx, vendorLeadID string) (bool, error) {
	claim, err := tx.Request(in.tenant, in.memory(), vendorLeadID, in.s.cfg.Now())
	if errors.Is(err, idmap.ErrNotFound) {
		return false, nil
	}
	return string(claim.Fingerprint) != in.call(), err
}

// remember makes later calls of this walk pass over the vendor's lead.
func (in *intake) remember(tx idmap.Tx, vendorLeadID, leadID string) error {
	now := in.s.cfg.Now()
	claim := idmap.Request{Fingerprint: []byte(in.call()), LeadID: leadID, ExpireTime: now.Add(walkTime)}
	err := tx.PutRequest(in.tenant, in.memory(), vendorLeadID, claim, now)
	if errors.Is(err, idmap.ErrClaimed) { // by this very call, which is being repeated
		return nil
	}
	return err
}

func (in *intake) memory() string { return listVendorLeads + "/" + in.walk.ID }

func (in *intake) call() string { return strconv.Itoa(in.walk.Call) }

// taking is one of the vendor's leads on its way into the index.
type taking struct {
	*intake
	tx     idmap.Tx
	record adapters.VendorLead
	drift  *int // statuses that mean nothing to us
}

// take is the vendor's lead as ours: found by its vendor ID, or by ours where the vendor keeps it, or new. It is nil when the
// lead was ours and is erased.
func (t taking) take() (*leadmuxv1.Lead, error) {
	lead, err := t.ours()
	if errors.Is(err, errStranger) {
		lead, err = t.adopt()
	}
	if errors.Is(err, idmap.ErrNotFound) {
		return nil, nil //nolint:nilnil // an erased lead is no error
	}
	return lead, err
}

// errStranger says that the vendor's lead is none of ours.
var errStranger = errors.New("not one of our leads")

// ours is the lead of ours that the vendor's is, with what the vendor changed; errStranger when it is none.
func (t taking) ours() (*leadmuxv1.Lead, error) {
	owner, err := t.tx.Owner(t.tenant, t.ref())
	if errors.Is(err, idmap.ErrNotFound) {
		return t.unbound()
	}
	if err != nil {
		return nil, err
	}
	lead, err := t.tx.Lead(t.tenant, owner)
	if err != nil {
		return nil, err
	}
	return lead, t.merge(lead)
}

// unbound is the lead of ours that the vendor's record names, with what the vendor changed; errStranger when it names none.
func (t taking) unbound() (*leadmuxv1.Lead, error) {
	lead, err := t.named()
	if err != nil {
		return nil, err
	}
	return lead, t.merge(lead)
}

// named is the lead of ours that the vendor's record names, tied to the vendor's ID: its creation is under way, or its answer was lost.
// errStranger when it names none.
func (t taking) named() (*leadmuxv1.Lead, error) {
	if t.record.LeadID == "" {
		return nil, errStranger
	}
	lead, err := t.tx.Lead(t.tenant, t.record.LeadID)
	if errors.Is(err, idmap.ErrNotFound) && !errors.Is(err, idmap.ErrErased) {
		return nil, errStranger // another service's, or another tenant's
	}
	if err != nil {
		return nil, err
	}
	e := delivery.Engagement(lead, t.account.Name)
	if e == nil {
		return nil, errStranger
	}
	if err := t.tx.Bind(t.tenant, t.ref(), lead.GetLeadId()); err != nil {
		return nil, err
	}
	if !t.isCurrent(e) {
		return lead, nil
	}
	delivery.KnownAs(e, t.record.VendorLeadID)
	delivery.Touch(lead, t.s.cfg.Now())
	return lead, t.tx.PutLead(t.tenant, lead)
}

// isCurrent says whether a vendor's ID that nobody knew is that of the engagement as it is, and not of one before it.
func (t taking) isCurrent(e *leadmuxv1.Engagement) bool {
	before := len(e.GetClosed()) > 0 && !t.record.UpdateTime.IsZero() && t.record.UpdateTime.Before(e.GetCreateTime().AsTime().Add(-clockSkew))
	return e.GetVendorLeadId() == "" && e.GetAttempts() > 0 && !before
}

// clockSkew is how far a vendor's clock may be from ours; some round down to the second.
const clockSkew = time.Minute

func (t taking) ref() idmap.VendorRef {
	return idmap.VendorRef{Account: t.account.Name, Kind: idmap.KindLead, VendorID: t.record.VendorLeadID}
}
