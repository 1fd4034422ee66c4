package idmaptest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// model is what a store should hold, in plain maps. The messages in it are never changed.
type model struct {
	tenants map[string]*tenantModel
}

type tenantModel struct {
	leads      map[string]*leadmuxv1.Lead
	owners     map[idmap.VendorRef]string
	requests   map[requestName]idmap.Request
	operations map[string]*leadmuxv1.Operation
	events     []*leadmuxv1.Event
	erased     map[string]*leadmuxv1.ErasureReceipt
	erasedRefs map[idmap.VendorRef]string

	suppressions map[string]suppressionModel
}

type requestName struct{ method, id string }

func newModel(tenants []string) *model {
	m := &model{tenants: map[string]*tenantModel{}}
	for _, t := range tenants {
		m.tenants[t] = &tenantModel{
			leads: map[string]*leadmuxv1.Lead{}, owners: map[idmap.VendorRef]string{},
			requests: map[requestName]idmap.Request{}, operations: map[string]*leadmuxv1.Operation{},
			erased: map[string]*leadmuxv1.ErasureReceipt{}, erasedRefs: map[idmap.VendorRef]string{},
			suppressions: map[string]suppressionModel{},
		}
	}
	return m
}

func (m *model) clone() *model {
	c := &model{tenants: map[string]*tenantModel{}}
	for name, t := range m.tenants {
		c.tenants[name] = &tenantModel{
			leads: maps.Clone(t.leads), owners: maps.Clone(t.owners), requests: maps.Clone(t.requests),
			operations: maps.Clone(t.operations), events: slices.Clone(t.events),
			erased: maps.Clone(t.erased), erasedRefs: maps.Clone(t.erasedRefs),
			suppressions: maps.Clone(t.suppressions),
		}
	}
	return c
}

// putLead does what Tx.PutLead should, and returns its error; so do the others below.
func (t *tenantModel) putLead(lead *leadmuxv1.Lead) error {
	if t.erased[lead.GetLeadId()] != nil {
		return idmap.ErrErased
	}
	for id, other := range t.leads {
		if id != lead.GetLeadId() && lead.GetExternalId() != "" && other.GetExternalId() == lead.GetExternalId() {
			return idmap.ErrKeyTaken
		}
	}
	t.leads[lead.GetLeadId()] = lead
	return nil
}

func (t *tenantModel) bind(ref idmap.VendorRef, id string) error {
	if t.erased[id] != nil {
		return idmap.ErrErased
	}
	if owner, bound := t.owners[ref]; bound && owner != id {
		return idmap.ErrBound
	}
	t.owners[ref] = id
	return nil
}

func (t *tenantModel) unbind(ref idmap.VendorRef) error {
	delete(t.owners, ref)
	return nil
}

func (t *tenantModel) claim(name requestName, request idmap.Request, now time.Time) error {
	if t.request(name, now) != nil {
		return idmap.ErrClaimed
	}
	t.requests[name] = request
	return nil
}

func (t *tenantModel) putOperation(op *leadmuxv1.Operation) error {
	if t.leads[op.GetLeadId()] == nil {
		return t.missing(op.GetLeadId())
	}
	t.operations[op.GetOperationId()] = op
	return nil
}

func (t *tenantModel) appendEvent(event *leadmuxv1.Event) error {
	if event.GetLeadId() != "" && t.leads[event.GetLeadId()] == nil {
		return t.missing(event.GetLeadId())
	}
	t.events = append(t.events, event)
	return nil
}

// missing is the error for a lead that is not stored.
func (t *tenantModel) missing(leadID string) error {
	if t.erased[leadID] != nil {
		return idmap.ErrErased
	}
	return idmap.ErrNotFound
}

func (t *tenantModel) erase(receipt *leadmuxv1.ErasureReceipt, last *leadmuxv1.Event) error {
	id := receipt.GetLeadId()
	if t.leads[id] == nil {
		return t.missing(id)
	}
	for _, ref := range t.bindings(id) {
		delete(t.owners, ref)
		t.erasedRefs[ref] = id
	}
	for name, request := range t.requests {
		if request.LeadID == id {
			request.Fingerprint = nil
			t.requests[name] = request
		}
	}
	maps.DeleteFunc(t.operations, func(_ string, op *leadmuxv1.Operation) bool { return op.GetLeadId() == id })
	t.events = slices.DeleteFunc(slices.Clone(t.events), func(e *leadmuxv1.Event) bool { return e.GetLeadId() == id })
	t.events = append(t.events, last)
	t.erased[id] = receipt
	delete(t.leads, id)
	return nil
}

// owner is the owner of a vendor ID, "" if there is none.
func (t *tenantModel) owner(ref idmap.VendorRef) string {
	if id, bound := t.owners[ref]; bound {
		return id
	}
	return t.erasedRefs[ref]
}

// request is the claim of a key that has not expired.
func (t *tenantModel) request(name requestName, now time.Time) *idmap.Request {
	if request, ok := t.requests[name]; ok && now.Before(request.ExpireTime) {
		return &request
	}
	return nil
}

// newest returns the leads that pass, newest first.
func (t *tenantModel) newest(passes func(*leadmuxv1.Lead) bool) []*leadmuxv1.Lead {
	var leads []*leadmuxv1.Lead
	for _, l := range t.leads {
		if passes(l) {
			leads = append(leads, l)
		}
	}
	slices.SortFunc(leads, func(a, b *leadmuxv1.Lead) int { return cmp.Compare(b.GetLeadId(), a.GetLeadId()) })
	return leads
}

// bindings returns what is bound to one of our IDs, ordered.
func (t *tenantModel) bindings(id string) []idmap.VendorRef {
	var refs []idmap.VendorRef
	for ref, owner := range t.owners {
		if owner == id {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b idmap.VendorRef) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VendorID, b.VendorID))
	})
	return refs
}

// queued returns the QUEUED operations of an account, in the order of Reader.Due.
func (t *tenantModel) queued(account string) []*leadmuxv1.Operation {
	var ops []*leadmuxv1.Operation
	for _, op := range t.operations {
		if op.GetState() == opQueued && op.GetAccount() == account {
			ops = append(ops, op)
		}
	}
	slices.SortFunc(ops, earlier)
	return ops
}

// journal returns the operations of a list, newest first.
func (t *tenantModel) journal(filter idmap.OperationFilter) []*leadmuxv1.Operation {
	var ops []*leadmuxv1.Operation
	for _, op := range t.operations {
		if passesOperation(op, filter) {
			ops = append(ops, op)
		}
	}
	slices.SortFunc(ops, func(a, b *leadmuxv1.Operation) int { return cmp.Compare(b.GetOperationId(), a.GetOperationId()) })
	return ops
}

// open returns the open operations of a lead at an account, the oldest first.
func (t *tenantModel) open(leadID, account string) []*leadmuxv1.Operation {
	var ops []*leadmuxv1.Operation
	for _, op := range t.operations {
		if isOpen(op.GetState()) && op.GetLeadId() == leadID && op.GetAccount() == account {
			ops = append(ops, op)
		}
	}
	slices.SortFunc(ops, func(a, b *leadmuxv1.Operation) int { return cmp.Compare(a.GetOperationId(), b.GetOperationId()) })
	return ops
}

// queue is what waits at an account.
func (t *tenantModel) queue(account string) idmap.Queue {
	var parts []idmap.Waiting
	for _, op := range t.queued(account) {
		priority, created := idmap.PriorityOf(op), op.GetCreateTime().AsTime()
		if len(parts) == 0 || parts[len(parts)-1].Priority != priority {
			parts = append(parts, idmap.Waiting{Priority: priority, NextDue: op.GetNextAttemptTime().AsTime(), Oldest: created})
		}
		part := &parts[len(parts)-1]
		part.Depth++
		if created.Before(part.Oldest) {
			part.Oldest = created
		}
	}
	return idmap.QueueOf(parts)
}

// before compares as Reader.Due orders, which leaves open which of two comes first that are due at the same time.
func before(a, b *leadmuxv1.Operation) int {
	return cmp.Or(cmp.Compare(idmap.PriorityOf(b), idmap.PriorityOf(a)), a.GetNextAttemptTime().AsTime().Compare(b.GetNextAttemptTime().AsTime()))
}

func earlier(a, b *leadmuxv1.Operation) int {
	return cmp.Or(before(a, b), cmp.Compare(a.GetOperationId(), b.GetOperationId()))
}

func hasKey(lead *leadmuxv1.Lead, key idmap.LeadKey) bool {
	if key.Value == "" {
		return false
	}
	switch key.Kind {
	case idmap.KeyExternalID:
		return lead.GetExternalId() == key.Value
	case idmap.KeyEmail:
		return strings.EqualFold(lead.GetEmail(), key.Value)
	case idmap.KeyPhone:
		return lead.GetPhone() == key.Value
	default:
		return lead.GetHomePhone() == key.Value || lead.GetWorkPhone() == key.Value
	}
}

func passesFilter(lead *leadmuxv1.Lead, f idmap.LeadFilter) bool {
	updated := lead.GetUpdateTime().AsTime()
	if !f.UpdatedAfter.IsZero() && !updated.After(f.UpdatedAfter) || !f.UpdatedBefore.IsZero() && !updated.Before(f.UpdatedBefore) {
		return false
	}
	return f.Account == "" && f.State == 0 || slices.ContainsFunc(lead.GetEngagements(), func(e *leadmuxv1.Engagement) bool {
		return (f.Account == "" || f.Account == e.GetAccount()) && (f.State == 0 || f.State == e.GetState())
	})
}
