package service_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// kind is how a model vendor works.
type kind struct {
	class     leadmuxv1.IdempotencyClass // of CreateLead
	later     leadmuxv1.IdempotencyClass // of all else
	rpcs      []string
	upserts   bool // one record for each ID that we name
	unique    bool // refuses a second live record of a person
	canBeRead bool
}

// The vendors of the model by account name, each like one that there is, and one that nothing may be sent to twice.
var kinds = map[string]kind{
	"crm":  {class: keyed, later: keyed, rpcs: writes, upserts: true, canBeRead: true},
	"sms":  {class: detectable, later: detectable, rpcs: writes[1:3], unique: true},
	"dial": {class: detectable, later: keyed, rpcs: writes[:3]},
	"fax":  {class: atMostOnce, later: atMostOnce, rpcs: writes},
}

const (
	keyed      = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
	detectable = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	atMostOnce = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE
)

// entry is a lead in a model vendor's own ledger.
type entry struct {
	id, leadID string // leadID is empty where the vendor made the lead
	email      string
	version    int
	live       bool
	reopened   bool // by the vendor, after it was closed
	changed    time.Time
}

// attempted is one attempt as a model vendor saw it.
type attempted struct {
	leadID, opID, rpc string
	version           int
}

// modelVendor keeps its own ledger of what it has, which judges the service.
type modelVendor struct {
	kind
	name string

	mu      sync.Mutex
	faults  []string // of the next attempts; then it takes everything
	entries []*entry // the newest first
	log     []attempted
	last    time.Time
}

func (v *modelVendor) Vendor() string { return "verse" }

func (v *modelVendor) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
	scripted := &vendor{name: "verse", rpcs: v.rpcs, class: v.class}
	if rpc != "CreateLead" {
		scripted.class = v.later
	}
	write, ok := scripted.LeadWrite(rpc)
	write.Send = func(ctx context.Context, in adapters.LeadInput) (adapters.LeadResult, error) {
		return v.send(ctx, rpc, in)
	}
	return write, ok
}

func (v *modelVendor) send(ctx context.Context, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	v.mu.Lock()
	fault := "takes"
	if len(v.faults) > 0 {
		fault, v.faults = v.faults[0], v.faults[1:]
	}
	version, _ := strconv.Atoi(in.Lead.GetComment())
	v.log = append(v.log, attempted{in.Lead.GetLeadId(), in.Engagement.GetOperationId(), rpc, version})
	var result adapters.LeadResult
	var refusal error
	if faults[fault].effect {
		result, refusal = v.do(rpc, in, version)
	}
	v.mu.Unlock()
	if faults[fault].after > 0 {
		select {
		case <-time.After(faults[fault].after):
		case <-ctx.Done():
			return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Op: rpc, Kind: adapters.KindTimeout, Ambiguous: true}
		}
	}
	if failed := faults[fault].fails; failed != nil {
		failure := *failed
		return adapters.LeadResult{}, &failure
	}
	return result, refusal
}

// faults are what can happen to an attempt. An effect comes before all else.
var faults = map[string]struct {
	effect bool
	after  time.Duration
	fails  *adapters.Error // nil: it answers with what it did
}{
	"takes":                   {true, 0, nil},
	"takes slowly":            {true, 20 * time.Second, nil},
	"takes and says nothing":  {true, time.Hour, nil},
	"takes and breaks down":   {true, 0, &adapters.Error{Kind: adapters.KindUnavailable, Ambiguous: true}},
	"says nothing":            {false, time.Hour, nil},
	"breaks down":             {false, 0, &adapters.Error{Kind: adapters.KindUnavailable, Ambiguous: true}},
	"cannot be reached":       {false, 0, &adapters.Error{Kind: adapters.KindUnavailable}},
	"asks for patience":       {false, 0, &adapters.Error{Kind: adapters.KindRateLimited, RetryAfter: 20 * time.Minute}},
	"is on hold":              {false, 0, &adapters.Error{Kind: adapters.KindOnHold}},
	"refuses our credentials": {false, 0, &adapters.Error{Kind: adapters.KindCredentials}},
	"refuses without reason":  {false, time.Second, &adapters.Error{Kind: adapters.KindUnknown}},
}

// do is what the vendor does with a request that reached it.
func (v *modelVendor) do(rpc string, in adapters.LeadInput, version int) (adapters.LeadResult, error) {
	refuse := func(kind adapters.Kind) (adapters.LeadResult, error) {
		return adapters.LeadResult{}, &adapters.Error{Vendor: "verse", Op: rpc, Kind: kind}
	}
	e := v.find(in)
	switch {
	case rpc == "CreateLead" && v.upserts && e != nil:
		e.live, e.version = true, version
	case rpc == "CreateLead" && v.unique && v.has(in.Lead.GetEmail()):
		return refuse(adapters.KindConflict)
	case rpc == "CreateLead" && e != nil && e.live && in.Recheck: // it was looked for, and is there
	case rpc == "CreateLead":
		e = v.add(in.Lead.GetLeadId(), in.Lead.GetEmail())
		if v.upserts {
			e.id = known(in)
		}
		e.version = version
	case e == nil || !e.live && v.unique && !in.Recheck:
		return refuse(adapters.KindNotFound)
	case rpc == "UpdateLead":
		e.version = version
	case rpc == "EndConversation" || rpc == "StopConversation":
		e.live, e.reopened = false, false
	}
	e.changed = v.now()
	return adapters.LeadResult{VendorLeadID: e.id, State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, HTTPStatus: 200}, nil
}

// known is the ID that an upsert goes by.
func known(in adapters.LeadInput) string {
	if id := in.Engagement.GetVendorLeadId(); id != "" {
		return id
	}
	for _, closed := range in.Engagement.GetClosed() {
		if closed.GetVendorLeadId() != "" {
			return closed.GetVendorLeadId()
		}
	}
	return "v-" + in.Lead.GetLeadId()
}

// find is the entry that a request is about.
func (v *modelVendor) find(in adapters.LeadInput) *entry {
	id := in.Engagement.GetVendorLeadId()
	if v.upserts {
		id = known(in)
	}
	for _, e := range v.entries {
		if e.id == id || id == "" && e.leadID == in.Lead.GetLeadId() {
			return e
		}
	}
	return nil
}

func (v *modelVendor) has(email string) bool {
	for _, e := range v.entries {
		if e.email == email && e.live {
			return true
		}
	}
	return false
}

// add makes a live entry.
func (v *modelVendor) add(leadID, email string) *entry {
	e := &entry{id: fmt.Sprintf("%s-%d", v.name, len(v.entries)), leadID: leadID, email: email, live: true, changed: v.now()}
	v.entries = append([]*entry{e}, v.entries...)
	return e
}

// now is the vendor's clock: no two changes have the same time.
func (v *modelVendor) now() time.Time {
	now := time.Now()
	if !now.After(v.last) {
		now = v.last.Add(time.Microsecond)
	}
	v.last = now
	return now
}

// liveOf is how many live entries of a lead of ours there are.
func (v *modelVendor) liveOf(leadID string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, e := range v.entries {
		if e.leadID == leadID && e.live {
			n++
		}
	}
	return n
}

// by is the entry of an ID; nil for none.
func (v *modelVendor) by(id string) *entry {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.entries {
		if e.id == id {
			return new(*e)
		}
	}
	return nil
}

// modelLister is a model vendor that can be read.
type modelLister struct{ *modelVendor }

func (l modelLister) ListLeads(_ context.Context, page int) ([]adapters.VendorLead, error) {
	const size = 3
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min((page-1)*size, len(l.entries))
	var leads []adapters.VendorLead
	for _, e := range l.entries[from:min(from+size, len(l.entries))] {
		lead := adapters.VendorLead{
			VendorLeadID: e.id, LeadID: e.leadID, Lead: &leadmuxv1.Lead{FirstName: "Vi", Email: e.email},
			VendorStatus: "CLOSED", State: over, CreateTime: e.changed, UpdateTime: e.changed,
		}
		if e.live {
			lead.VendorStatus, lead.State = "OPEN", runs
		}
		leads = append(leads, lead)
	}
	return leads, nil
}
