package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// Erase erases a lead, whatever is under way. What waits is dropped and what is under way settles into nothing, but for opt-outs: they
// still reach their vendors, and so does the request to delete, where a vendor has one. What those need of the person is kept until
// the last of them is done, and nobody else can read it. The caller hands the operations, all QUEUED, to Go, and has the data key
// dropped.
func (d *Dispatcher) Erase(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead) (*leadmuxv1.ErasureReceipt, []*leadmuxv1.Operation, error) {
	receipt := &leadmuxv1.ErasureReceipt{LeadId: lead.GetLeadId(), EraseTime: stamp(d.now())}
	refs, err := tx.Bindings(tenant, lead.GetLeadId())
	if err != nil {
		return nil, nil, err
	}
	var ops []*leadmuxv1.Operation
	for _, e := range lead.GetEngagements() {
		open, err := tx.OpenOperations(tenant, lead.GetLeadId(), e.GetAccount())
		if err != nil {
			return nil, nil, err
		}
		last, err := d.lastWords(tenant, lead, e, open)
		if err != nil {
			return nil, nil, err
		}
		receipt.Accounts = append(receipt.Accounts, d.leftAt(tenant, e, refs, open, last))
		ops = append(ops, last...)
	}
	if len(ops) == 0 {
		receipt.CompleteTime = receipt.GetEraseTime()
	}
	if err := tx.EraseLead(tenant, receipt, d.NewEvent("lead.erased", lead)); err != nil || len(ops) == 0 {
		return receipt, nil, err
	}
	if err := tx.PutLeaving(tenant, restOf(lead)); err != nil {
		return nil, nil, err
	}
	var queued []*leadmuxv1.Operation
	for _, op := range ops {
		if err := tx.PutOperation(tenant, op); err != nil {
			return nil, nil, err
		}
		if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_QUEUED { // what is STARTED is on its way already
			queued = append(queued, op)
		}
	}
	return receipt, queued, nil
}

// restOf is what of a lead a vendor can be told with that somebody opted out, or is to be deleted.
func restOf(lead *leadmuxv1.Lead) *leadmuxv1.Lead {
	return &leadmuxv1.Lead{
		LeadId: lead.GetLeadId(), ExternalId: lead.GetExternalId(), FirstName: lead.GetFirstName(), LastName: lead.GetLastName(),
		Email: lead.GetEmail(), Phone: lead.GetPhone(), HomePhone: lead.GetHomePhone(), WorkPhone: lead.GetWorkPhone(),
		Source: lead.GetSource(), Consent: lead.GetConsent(), Engagements: lead.GetEngagements(),
		CreateTime: lead.GetCreateTime(), UpdateTime: lead.GetUpdateTime(), Etag: lead.GetEtag(),
	}
}

// lastWords are the operations that an account still gets for a lead that is being erased, in order: the opt-outs that are open,
// then the request to delete.
func (d *Dispatcher) lastWords(tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, open []*leadmuxv1.Operation) ([]*leadmuxv1.Operation, error) {
	var last []*leadmuxv1.Operation
	at := d.now()
	for _, op := range open {
		if op.GetMethod() == OptOutLead {
			last = append(last, op)
		} else if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_STARTED {
			at = d.now().Add(AttemptTimeout) // it is over by then, and nothing else tells
		}
	}
	deletion, err := d.deletion(tenant, lead, e)
	if err != nil {
		return nil, err
	}
	if deletion != nil {
		last = append(last, deletion)
	}
	if len(last) > 0 && last[0].GetState() == leadmuxv1.OperationState_OPERATION_STATE_BLOCKED {
		last[0].State, last[0].NextAttemptTime = leadmuxv1.OperationState_OPERATION_STATE_QUEUED, stamp(at)
		last[0].Decision = "queued: the lead was erased, and this is what the vendor still gets"
	}
	return last, nil
}

// deletion is the operation that has a vendor delete what it can of a lead; nil when there is nothing it can.
func (d *Dispatcher) deletion(tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement) (*leadmuxv1.Operation, error) {
	account, configured := d.accounts.Get(tenant, e.GetAccount())
	if !configured {
		return nil, nil //nolint:nilnil // nobody to ask
	}
	way, unsupported := WriteOf(account, EraseLead)
	if unsupported != nil {
		return nil, nil //nolint:nilnil,nilerr // nothing to ask for
	}
	in := adapters.LeadInput{Lead: lead, Engagement: e}
	requests, _, err := way.Preview(in)
	if err != nil || len(requests) == 0 {
		return nil, err
	}
	now := stamp(d.now())
	return &leadmuxv1.Operation{
		OperationId: typeid.New(typeid.Operation), Method: EraseLead, LeadId: lead.GetLeadId(), Account: account.Name, Vendor: account.Vendor,
		IdempotencyClass: way.Class(in), Priority: leadmuxv1.Priority_PRIORITY_INTERACTIVE, CreateTime: now, UpdateTime: now,
		State: leadmuxv1.OperationState_OPERATION_STATE_BLOCKED,
	}, nil
}

// leadOf is a lead, or what is left of one that is erased while vendors have still to be told.
func leadOf(r idmap.Reader, tenant, leadID string) (lead *leadmuxv1.Lead, leaving bool, err error) {
	lead, err = r.Lead(tenant, leadID)
	if !errors.Is(err, idmap.ErrErased) {
		return lead, false, err
	}
	rest, missing := r.Leaving(tenant, leadID)
	if isNotFound(missing) {
		return nil, true, err
	}
	return rest, true, missing
}

// putEither stores what leadOf read.
func (d *Dispatcher) putEither(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, leaving bool) error {
	if leaving {
		Touch(lead, d.now())
		return tx.PutLeaving(tenant, lead)
	}
	return d.putLead(tx, tenant, lead)
}

// left records what came of one of the last things that a vendor was told of an erased lead. With the very last one, what was kept
// for it goes.
func (s *settling) left() error {
	receipt, err := s.tx.Erasure(s.tenant, s.lead.GetLeadId())
	if err != nil {
		return err
	}
	open := 0
	for _, at := range receipt.GetAccounts() {
		waiting, err := s.tx.OpenOperations(s.tenant, s.lead.GetLeadId(), at.GetAccount())
		if err != nil {
			return err
		}
		if len(waiting) == 0 && at.GetAccount() == s.account.Name {
			s.d.ended(s.tenant, at, s.op)
		}
		open += len(waiting)
	}
	if open > 0 {
		return errors.Join(s.tx.PutErasure(s.tenant, receipt), s.tx.PutLeaving(s.tenant, s.lead))
	}
	receipt.CompleteTime = stamp(s.d.now())
	return errors.Join(s.tx.PutErasure(s.tenant, receipt), s.tx.DropLeaving(s.tenant, s.lead.GetLeadId()))
}

// dropErased drops the keys of what was kept. A key that cannot be dropped now goes with the next one, at the latest at the next start.
func (d *Dispatcher) dropErased() {
	if err := d.store.DropErased(context.Background()); err != nil {
		d.logger.Error("data keys of erased leads cannot be dropped; trying again with the next", slog.String("error", err.Error()))
	}
}

// WaitErased returns the receipt of an erased lead once no vendor has to be told any more, or as it is when wait or ctx ends before.
func (d *Dispatcher) WaitErased(ctx context.Context, tenant, leadID string, wait time.Duration) (receipt *leadmuxv1.ErasureReceipt, err error) {
	err = d.await(ctx, leadID, wait, func(r idmap.Reader) (bool, error) {
		receipt, err = r.Erasure(tenant, leadID)
		return slices.ContainsFunc(receipt.GetAccounts(), isPending), err
	})
	return receipt, err
}
