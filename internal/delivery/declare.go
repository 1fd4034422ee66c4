package delivery

import (
	"slices"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// maxLeadsTold bounds how many leads of one person the vendors are told of when the person opts out. Further ones are blocked
// all the same, and told of when their turn comes.
const maxLeadsTold = 1000

// Declaration is what a person declared: an opt-out, or a new agreement.
type Declaration struct {
	Person   Person
	Scope    leadmuxv1.ContactChannel // never unset
	Accounts []string                 // an opt-out from these alone; empty: from all
	Source   string                   // a word, such as "opt_out_lead"; no personal value
	Evidence string
	Time     time.Time // when the person said so; zero: now
}

// Declared is what a declaration made: what is stored, and the operations to hand to Go once that is durable.
type Declared struct {
	Suppressions []*leadmuxv1.Suppression
	Ops          []*leadmuxv1.Operation
	LeadIDs      []string
	Known        bool // the opt-out was stored before
}

// Suppress stores an opt-out, in effect from this transaction on, and applies it to every lead of the person. One that is stored
// already with this scope for all that the person is known by is not stored again; vendors that refused to hear of it are told
// again. The service and whatever takes in a vendor's or a person's word call it.
func (d *Dispatcher) Suppress(tx idmap.Tx, tenant string, said Declaration) (Declared, error) {
	leads, err := d.leadsOf(tx, tenant, &said.Person)
	if err != nil {
		return Declared{}, err
	}
	s, known, err := d.known(tx, tenant, said)
	if err != nil {
		return Declared{}, err
	}
	if !known {
		s = d.newSuppression(said)
	}
	made, keys := Declared{Suppressions: []*leadmuxv1.Suppression{s}, Known: known}, said.Person.keys()
	for _, lead := range leads {
		ops, err := d.honour(tx, tenant, lead, s, true)
		if err != nil {
			return Declared{}, err
		}
		if !known && len(said.Accounts) == 0 {
			setConsent(lead, said, leadmuxv1.ConsentState_CONSENT_STATE_DENIED, s.GetTime().AsTime())
		}
		if err := d.putLead(tx, tenant, lead); err != nil {
			return Declared{}, err
		}
		made.Ops, made.LeadIDs = append(made.Ops, ops...), append(made.LeadIDs, lead.GetLeadId())
		keys = append(keys, idmap.PersonKey{Kind: idmap.PersonLead, Value: lead.GetLeadId()})
	}
	if err := tx.PutSuppression(tenant, s, keys); err != nil || known {
		return made, err
	}
	return made, d.consentChanged(tx, tenant, s, leads, said, leadmuxv1.ConsentState_CONSENT_STATE_DENIED)
}

// Honour applies the suppressions that hold for a stored lead to its engagements, where something else than an opt-out has
// changed the lead: it was first seen at a vendor, linked, or got a suppressed person's number. It stores the lead if that
// changed it. The caller hands the operations to Go.
func (d *Dispatcher) Honour(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead) ([]*leadmuxv1.Operation, error) {
	found, err := tx.SuppressionsOf(tenant, PersonOf(lead).keys())
	if err != nil {
		return nil, err
	}
	var all []*leadmuxv1.Operation
	for _, s := range found {
		if !blocks(s, allChannels) {
			continue
		}
		ops, err := d.honour(tx, tenant, lead, s, false)
		if err != nil {
			return nil, err
		}
		all = append(all, ops...)
		keys := []idmap.PersonKey{{Kind: idmap.PersonLead, Value: lead.GetLeadId()}}
		if err := tx.PutSuppression(tenant, s, keys); err != nil {
			return nil, err
		}
		if err := d.putLead(tx, tenant, lead); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// leadsOf are the leads of a person, the one that is named first. A lead's own values become the person's.
func (d *Dispatcher) leadsOf(r idmap.Reader, tenant string, who *Person) ([]*leadmuxv1.Lead, error) {
	var ids []string
	if who.LeadID != "" {
		lead, err := r.Lead(tenant, who.LeadID)
		if err != nil {
			return nil, err
		}
		of := PersonOf(lead)
		who.Phones, who.Emails = slices.Concat(of.Phones, who.Phones), slices.Concat(of.Emails, who.Emails)
		ids = append(ids, who.LeadID)
	}
	for _, key := range leadKeys(*who) {
		found, err := r.FindLeads(tenant, key, maxLeadsTold)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			if len(ids) < maxLeadsTold && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	var leads []*leadmuxv1.Lead
	for _, id := range ids {
		lead, err := r.Lead(tenant, id)
		if err != nil {
			return nil, err
		}
		leads = append(leads, lead)
	}
	return leads, nil
}

// leadKeys are what the leads of a person are found by.
func leadKeys(who Person) []idmap.LeadKey {
	var keys []idmap.LeadKey
	for _, phone := range who.Phones {
		keys = append(keys, idmap.LeadKey{Kind: idmap.KeyPhone, Value: phone}, idmap.LeadKey{Kind: idmap.KeyOtherPhone, Value: phone})
	}
	for _, email := range who.Emails {
		keys = append(keys, idmap.LeadKey{Kind: idmap.KeyEmail, Value: email})
	}
	return keys
}

// known is the suppression that says the same already of all that the person is known by.
func (d *Dispatcher) known(r idmap.Reader, tenant string, said Declaration) (*leadmuxv1.Suppression, bool, error) {
	var candidates []*leadmuxv1.Suppression
	for i, key := range said.Person.keys() {
		found, err := r.SuppressionsOf(tenant, []idmap.PersonKey{key})
		if err != nil {
			return nil, false, err
		}
		if i == 0 {
			candidates = slices.DeleteFunc(found, func(s *leadmuxv1.Suppression) bool {
				return !blocks(s, said.Scope) || s.GetScope() != said.Scope || !slices.Equal(s.GetAccounts(), said.Accounts)
			})
			continue
		}
		candidates = slices.DeleteFunc(candidates, func(s *leadmuxv1.Suppression) bool {
			return !slices.ContainsFunc(found, func(f *leadmuxv1.Suppression) bool { return f.GetSuppressionId() == s.GetSuppressionId() })
		})
	}
	if len(candidates) == 0 {
		return nil, false, nil
	}
	return candidates[0], true, nil
}

func (d *Dispatcher) newSuppression(said Declaration) *leadmuxv1.Suppression {
	now := stamp(d.now())
	s := &leadmuxv1.Suppression{
		SuppressionId: typeid.New(typeid.Suppression), Scope: said.Scope, Blocked: []leadmuxv1.ContactChannel{said.Scope},
		Accounts: said.Accounts, Source: said.Source, Evidence: said.Evidence, Time: now, CreateTime: now, UpdateTime: now,
	}
	if !said.Time.IsZero() {
		s.Time = stamp(said.Time)
	}
	return s
}

// putLead stores a lead that was changed.
func (d *Dispatcher) putLead(tx idmap.Tx, tenant string, lead *leadmuxv1.Lead) error {
	Touch(lead, d.now())
	return tx.PutLead(tenant, lead)
}

// setConsent records in the lead itself what the person declared.
func setConsent(lead *leadmuxv1.Lead, said Declaration, state leadmuxv1.ConsentState, when time.Time) {
	if lead.GetConsent() == nil {
		lead.Consent = &leadmuxv1.Consent{}
	}
	for channel, of := range map[leadmuxv1.ContactChannel]**leadmuxv1.ChannelConsent{
		smsChannel: &lead.Consent.Sms, emailChannel: &lead.Consent.Email, callChannel: &lead.Consent.Call,
	} {
		if said.Scope == allChannels || said.Scope == channel {
			*of = &leadmuxv1.ChannelConsent{State: state, Time: stamp(when), Source: said.Source}
		}
	}
}

// consentChanged records the declaration as an event of every lead of the person, or of none where none is known.
func (d *Dispatcher) consentChanged(tx idmap.Tx, tenant string, s *leadmuxv1.Suppression, leads []*leadmuxv1.Lead, said Declaration, state leadmuxv1.ConsentState) error {
	if len(leads) == 0 {
		leads = []*leadmuxv1.Lead{nil}
	}
	for _, lead := range leads {
		event := d.NewEvent("consent.changed", lead)
		event.Detail = &leadmuxv1.Event_ConsentChanged{ConsentChanged: &leadmuxv1.ConsentChanged{
			SuppressionId: s.GetSuppressionId(), State: state, Scope: said.Scope, Source: said.Source,
		}}
		if err := tx.AppendEvent(tenant, event); err != nil {
			return err
		}
	}
	return nil
}
