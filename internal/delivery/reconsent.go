package delivery

import (
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// Reconsent stores that a person agreed again: every suppression found for the person gives the channels back, with the
// evidence beside it, and the vendors that were told of it are told so. It stores nothing when there is nothing to give back.
func (d *Dispatcher) Reconsent(tx idmap.Tx, tenant string, said Declaration) (Declared, error) {
	named, err := d.leadsOf(tx, tenant, &said.Person)
	if err != nil {
		return Declared{}, err
	}
	found, err := tx.SuppressionsOf(tenant, said.Person.keys())
	if err != nil {
		return Declared{}, err
	}
	var made Declared
	for _, s := range found {
		if !blocks(s, said.Scope) {
			continue
		}
		s.Reconsents = append(s.Reconsents, d.reconsentRecord(said))
		s.Blocked, s.UpdateTime = without(s.GetBlocked(), said.Scope), stamp(d.now())
		if err := tx.PutSuppression(tenant, s, nil); err != nil {
			return Declared{}, err
		}
		made.Suppressions = append(made.Suppressions, s)
	}
	for _, s := range made.Suppressions { // once all are stored: another one may still hold
		if err := d.tellReconsent(tx, tenant, s, named, said, &made); err != nil {
			return Declared{}, err
		}
	}
	return made, nil
}

func (d *Dispatcher) reconsentRecord(said Declaration) *leadmuxv1.ReconsentRecord {
	when := d.now()
	if !said.Time.IsZero() {
		when = said.Time
	}
	return &leadmuxv1.ReconsentRecord{Scope: said.Scope, Source: said.Source, Evidence: said.Evidence, Time: stamp(when)}
}

// tellReconsent records the new agreement in the leads that the suppression was applied to, and tells their vendors.
func (d *Dispatcher) tellReconsent(tx idmap.Tx, tenant string, s *leadmuxv1.Suppression, named []*leadmuxv1.Lead, said Declaration, made *Declared) error {
	leads, err := d.applied(tx, tenant, s, named)
	if err != nil {
		return err
	}
	for _, lead := range leads {
		record := s.GetReconsents()[len(s.GetReconsents())-1]
		for _, e := range lead.GetEngagements() {
			op, err := d.tellReconsentAt(tx, tenant, lead, e, s, record)
			if err != nil {
				return err
			}
			if op != nil {
				made.Ops = append(made.Ops, op)
			}
		}
		setConsent(lead, said, leadmuxv1.ConsentState_CONSENT_STATE_GRANTED, record.GetTime().AsTime())
		if err := d.putLead(tx, tenant, lead); err != nil {
			return err
		}
		made.LeadIDs = append(made.LeadIDs, lead.GetLeadId())
	}
	if err := tx.PutSuppression(tenant, s, nil); err != nil {
		return err
	}
	return d.consentChanged(tx, tenant, s, leads, said, leadmuxv1.ConsentState_CONSENT_STATE_GRANTED)
}

// applied are the leads that a suppression was applied to and the ones found for the person, each once, without erased ones.
func (d *Dispatcher) applied(r idmap.Reader, tenant string, s *leadmuxv1.Suppression, named []*leadmuxv1.Lead) ([]*leadmuxv1.Lead, error) {
	ids := slices.Clone(s.GetLeadIds())
	for _, lead := range named {
		if !slices.Contains(ids, lead.GetLeadId()) {
			ids = append(ids, lead.GetLeadId())
		}
	}
	var leads []*leadmuxv1.Lead
	for _, id := range ids {
		lead, err := r.Lead(tenant, id)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		leads = append(leads, lead)
	}
	return leads, nil
}

// tellReconsentAt tells one vendor, if it was told of the opt-out and nothing else keeps the person from it.
func (d *Dispatcher) tellReconsentAt(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, s *leadmuxv1.Suppression, record *leadmuxv1.ReconsentRecord) (*leadmuxv1.Operation, error) {
	account, configured := d.accounts.Get(tenant, e.GetAccount())
	told := slices.ContainsFunc(s.GetNotices(), func(n *leadmuxv1.VendorNotice) bool {
		return n.GetLeadId() == lead.GetLeadId() && n.GetAccount() == e.GetAccount() && n.GetOperationId() != ""
	})
	if !configured || !told {
		return nil, nil //nolint:nilnil // nothing to take back there
	}
	other, err := Suppressed(tx, tenant, PersonOf(lead), account.Name, record.GetScope())
	if err != nil {
		return nil, err
	}
	if other != nil {
		notice := noticeOf(&record.Notices, lead, account)
		notice.State, notice.Time = unsupported, stamp(d.now())
		notice.Note = "not told: another suppression still holds (" + other.GetSuppressionId() + ")"
		return nil, nil //nolint:nilnil // nothing to send
	}
	return d.tell(tx, tenant, telling{
		method: Reconsent, account: account, lead: lead, e: e, has: true, suppression: s, scope: record.GetScope(), notices: &record.Notices,
	})
}

// without is what of blocked channels is left once one was given back.
func without(blocked []leadmuxv1.ContactChannel, channel leadmuxv1.ContactChannel) []leadmuxv1.ContactChannel {
	if channel == allChannels {
		return nil
	}
	if slices.Contains(blocked, allChannels) {
		blocked = []leadmuxv1.ContactChannel{smsChannel, emailChannel, callChannel}
	}
	return slices.DeleteFunc(slices.Clone(blocked), func(c leadmuxv1.ContactChannel) bool { return c == channel })
}
