package idmaptest

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// pool holds the few values that random steps use, so that they meet one another.
type pool struct {
	tenants, accounts        []string
	leads, calls, operations []string
	externalIDs, mails       []string
	phones                   []string
	refs                     []idmap.VendorRef
	requests                 []requestName
	minutes                  []int
	keys                     []idmap.LeadKey
	suppressions             []string
	persons                  []idmap.PersonKey
	filters                  []idmap.LeadFilter
}

func newPool() *pool {
	p := &pool{
		tenants: []string{acme, "acm", "acme/leads"}, accounts: []string{west, east, "we"},
		calls:       []string{"call_1", "call_12"},
		externalIDs: []string{"", "x", "y"}, mails: []string{"", "ann@example.com", "Ann@Example.com", "bea@example.com"},
		phones:   []string{"", phoneA, phoneB},
		requests: []requestName{{"CreateLead", "r1"}, {"CreateLead", "r2"}, {"UpdateLead", "r1"}},
		minutes:  []int{0, 10, 20, 30},
	}
	for range 3 {
		p.suppressions = append(p.suppressions, typeid.New(typeid.Suppression))
	}
	for range 5 {
		p.leads = append(p.leads, typeid.New(typeid.Lead))
		p.operations = append(p.operations, typeid.New(typeid.Operation))
	}
	p.persons = []idmap.PersonKey{phoneKey(phoneA), phoneKey(phoneB), mailKey("ann@example.com"), leadKey(p.leads[0]), leadKey(p.leads[1])}
	for _, account := range p.accounts {
		for _, id := range []string{"1", "12", "st1"} {
			p.refs = append(p.refs, leadRef(account, id), idmap.VendorRef{Account: account, Kind: idmap.KindCall, VendorID: id})
		}
	}
	for kind, values := range map[idmap.KeyKind][]string{
		idmap.KeyExternalID: p.externalIDs, idmap.KeyEmail: {"", "ann@example.com", "bea@example.com"},
		idmap.KeyPhone: p.phones, idmap.KeyOtherPhone: p.phones,
	} {
		for _, v := range values {
			p.keys = append(p.keys, idmap.LeadKey{Kind: kind, Value: v})
		}
	}
	p.filters = []idmap.LeadFilter{
		{}, {Account: west}, {Account: "we"}, {State: active}, {Account: east, State: queued}, {UpdatedAfter: at(10)},
		{UpdatedBefore: at(20)}, {Account: west, UpdatedAfter: at(0), UpdatedBefore: at(30)},
	}
	return p
}

// step is one change, as the store and as the model carry it out.
type step struct {
	name   string
	tenant string
	store  func(tx idmap.Tx) error
	model  func(t *tenantModel) error
}

// drawStep draws a change. It draws everything now: the step may be carried out more than once.
func (p *pool) drawStep(t *rapid.T, now time.Time) step {
	tenant := rapid.SampledFrom(p.tenants).Draw(t, "tenant")
	draws := []func(*rapid.T, string, time.Time) step{ // what is there twice comes twice as often
		p.putLead, p.putLead, p.bind, p.unbind, p.claim, p.putOperation, p.putOperation, p.appendEvent, p.eraseLead,
		p.putSuppression,
	}
	s := rapid.SampledFrom(draws).Draw(t, "step")(t, tenant, now)
	s.tenant = tenant
	return s
}

func (p *pool) putLead(t *rapid.T, tenant string, _ time.Time) step {
	text := func(from []string, what string) string { return rapid.SampledFrom(from).Draw(t, what) }
	lead := &leadmuxv1.Lead{
		LeadId: text(p.leads, "lead"), FirstName: text([]string{"Ann", "Bea"}, "name"), ExternalId: text(p.externalIDs, "external ID"),
		Email: text(p.mails, "mail"), Phone: text(p.phones, "phone"), HomePhone: text(p.phones, "home"), WorkPhone: text(p.phones, "work"),
		UpdateTime: p.time(t, "updated"),
	}
	for _, account := range p.accounts {
		if rapid.Bool().Draw(t, "engaged") {
			state := rapid.SampledFrom([]leadmuxv1.EngagementState{active, queued}).Draw(t, "state")
			engaged(account, state)(lead)
		}
	}
	return step{
		name:  "put lead",
		store: func(tx idmap.Tx) error { return tx.PutLead(tenant, lead) },
		model: func(m *tenantModel) error { return m.putLead(lead) },
	}
}

// bind ties a lead's vendor ID to a lead of the pool, which is put first if it is missing: a binding points at something.
func (p *pool) bind(t *rapid.T, tenant string, _ time.Time) step {
	ref := rapid.SampledFrom(p.refs).Draw(t, "ref")
	ids := p.calls
	if ref.Kind == idmap.KindLead {
		ids = p.leads
	}
	id := rapid.SampledFrom(ids).Draw(t, "ID")
	stub := &leadmuxv1.Lead{LeadId: id}
	return step{
		name: "bind",
		store: func(tx idmap.Tx) error {
			if _, err := tx.Lead(tenant, id); err != nil && ref.Kind == idmap.KindLead {
				if err := tx.PutLead(tenant, stub); err != nil {
					return err
				}
			}
			return tx.Bind(tenant, ref, id)
		},
		model: func(m *tenantModel) error {
			if ref.Kind == idmap.KindLead && m.leads[id] == nil {
				if err := m.putLead(stub); err != nil {
					return err
				}
			}
			return m.bind(ref, id)
		},
	}
}

// eraseLead erases a lead, seldom, for its ID is of no use afterwards.
func (p *pool) eraseLead(t *rapid.T, tenant string, now time.Time) step {
	if rapid.IntRange(0, 3).Draw(t, "erase in one of four") != 0 {
		return p.putLead(t, tenant, now)
	}
	id := rapid.SampledFrom(p.leads).Draw(t, "lead")
	event := eventOf(id)
	var appended *leadmuxv1.Event
	return step{
		name: "erase lead",
		store: func(tx idmap.Tx) error {
			appended = proto.CloneOf(event)
			return tx.EraseLead(tenant, receiptOf(id), appended)
		},
		model: func(m *tenantModel) error { return m.erase(receiptOf(id), appended) },
	}
}

func (p *pool) unbind(t *rapid.T, tenant string, _ time.Time) step {
	ref := rapid.SampledFrom(p.refs).Draw(t, "ref")
	return step{
		name:  "unbind",
		store: func(tx idmap.Tx) error { return tx.Unbind(tenant, ref) },
		model: func(m *tenantModel) error { return m.unbind(ref) },
	}
}

// claim claims a key for a lead, stored in the same step like that of bind.
func (p *pool) claim(t *rapid.T, tenant string, now time.Time) step {
	name := rapid.SampledFrom(p.requests).Draw(t, "request")
	id := rapid.SampledFrom(p.leads).Draw(t, "lead")
	keep := rapid.SampledFrom(p.minutes).Draw(t, "keep")
	request := idmap.Request{Fingerprint: []byte(fmt.Sprint(name, id)), LeadID: id, ExpireTime: now.Add(time.Duration(keep) * time.Minute)}
	stub := &leadmuxv1.Lead{LeadId: id}
	return step{
		name: "claim",
		store: func(tx idmap.Tx) error {
			if _, err := tx.Lead(tenant, id); err != nil {
				if err := tx.PutLead(tenant, stub); err != nil {
					return err
				}
			}
			return tx.PutRequest(tenant, name.method, name.id, request, now)
		},
		model: func(m *tenantModel) error {
			if m.leads[id] == nil {
				if err := m.putLead(stub); err != nil {
					return err
				}
			}
			return m.claim(name, request, now)
		},
	}
}

func (p *pool) putOperation(t *rapid.T, tenant string, _ time.Time) step {
	op := &leadmuxv1.Operation{
		OperationId: rapid.SampledFrom(p.operations).Draw(t, "operation"), LeadId: rapid.SampledFrom(p.leads).Draw(t, "lead"),
		Account: rapid.SampledFrom(p.accounts).Draw(t, "account"), CreateTime: p.time(t, "created"), NextAttemptTime: p.time(t, "next"),
		State:    rapid.SampledFrom(slices.Concat(opStates, []leadmuxv1.OperationState{opQueued})).Draw(t, "state"),
		Priority: rapid.SampledFrom([]leadmuxv1.Priority{0, bulk, interactive, optOut}).Draw(t, "priority"),
	}
	return step{
		name:  "put operation",
		store: func(tx idmap.Tx) error { return tx.PutOperation(tenant, op) },
		model: func(m *tenantModel) error { return m.putOperation(op) },
	}
}

func (p *pool) appendEvent(t *rapid.T, tenant string, _ time.Time) step {
	event := eventOf(rapid.SampledFrom(append([]string{""}, p.leads...)).Draw(t, "lead"))
	var appended *leadmuxv1.Event
	return step{
		name: "append event",
		store: func(tx idmap.Tx) error {
			appended = proto.CloneOf(event)
			return tx.AppendEvent(tenant, appended)
		},
		model: func(m *tenantModel) error { return m.appendEvent(appended) }, // with the cursor that the store gave it
	}
}

func (p *pool) putSuppression(t *rapid.T, tenant string, _ time.Time) step {
	texts := rapid.SampledFrom([]string{"", "said so"})
	s := &leadmuxv1.Suppression{
		SuppressionId: rapid.SampledFrom(p.suppressions).Draw(t, "suppression"), Evidence: texts.Draw(t, "evidence"),
		Reconsents: []*leadmuxv1.ReconsentRecord{{Evidence: texts.Draw(t, "reconsent")}},
		LeadIds:    rapid.SliceOfN(rapid.SampledFrom(p.leads), 0, 1).Draw(t, "leads"),
	}
	keys := rapid.SliceOfN(rapid.SampledFrom(p.persons), 0, 2).Draw(t, "persons")
	return step{
		name:  "put suppression",
		store: func(tx idmap.Tx) error { return tx.PutSuppression(tenant, s, keys) },
		model: func(m *tenantModel) error { return m.putSuppression(s, keys) },
	}
}

func (p *pool) time(t *rapid.T, what string) *timestamppb.Timestamp {
	return stamp(rapid.SampledFrom(p.minutes).Draw(t, what))
}
