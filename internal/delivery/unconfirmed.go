package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// A duplicate that was taken for our own lead waits for the vendor's word. Where the vendor sends us webhooks and says nothing under our ID
// until other operations would be given up, its silence is a reason to doubt, and a person looks.

// doubtAtOnce is how many operations one transaction looks at.
const doubtAtOnce = 50

// awaitWord makes an operation wait for the vendor's word, where it can come.
func (s *settling) awaitWord() {
	if reader, ok := s.account.Adapter.(adapters.WebhookReader); ok {
		if _, tells := reader.Webhook(""); tells {
			s.op.ConfirmTime = stamp(s.d.now().Add(s.d.schedule.GiveUpAfter))
		}
	}
}

// doubtSilence puts in doubt what an account's vendor has not confirmed in time.
func (d *Dispatcher) doubtSilence(account *adapters.Account) error {
	var waiting []*leadmuxv1.Operation
	look := func(r idmap.Reader) (err error) {
		waiting, err = r.Unconfirmed(account.Tenant, account.Name, d.now(), doubtAtOnce)
		return err
	}
	if err := d.store.View(d.running, look); err != nil || len(waiting) == 0 {
		return err
	}
	return d.store.Update(context.Background(), func(tx idmap.Tx) error {
		if err := look(tx); err != nil {
			return err
		}
		for _, op := range waiting {
			if err := d.doubtUnconfirmed(tx, account.Tenant, op); err != nil {
				return err
			}
		}
		return nil
	})
}

// doubtUnconfirmed ends the wait for the vendor's word. What has come since, and what the engagement became, stays as it is.
func (d *Dispatcher) doubtUnconfirmed(tx idmap.Tx, tenant string, op *leadmuxv1.Operation) error {
	s, err := d.reopen(tx, tenant, op)
	op.ConfirmTime = nil
	if errors.Is(err, idmap.ErrErased) || err == nil && (s.e.GetState() != active || s.e.GetVendorLeadId() != "") {
		return tx.PutOperation(tenant, op)
	}
	if err != nil {
		return err
	}
	open, err := tx.OpenOperations(tenant, op.GetLeadId(), op.GetAccount())
	if err != nil {
		return err
	}
	if len(open) > 0 { // what is under way may bring the word
		op.ConfirmTime = stamp(d.now().Add(d.schedule.Max))
		return tx.PutOperation(tenant, op)
	}
	s.e.Error = rpcerr.Engagement(&adapters.Error{
		Vendor: s.account.Vendor, Op: op.GetMethod(), Kind: adapters.KindConflict, Message: fmt.Sprintf(
			"it was taken for this lead, and %s has not said so within %s", s.account.Vendor, d.schedule.GiveUpAfter.Round(time.Minute)),
	})
	if err := s.unsettled("operation.in_doubt"); err != nil {
		return err
	}
	op.State, op.Decision = leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT, "the vendor reported a duplicate, which was taken for this lead; its webhooks have not confirmed it"
	s.e.OperationId = op.GetOperationId()
	if err := s.change(inDoubt); err != nil {
		return err
	}
	return s.store()
}
