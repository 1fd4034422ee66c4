package service_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// modelVendor is a vendor of the model behind an account, with a ledger of its own that judges the service.
type modelVendor interface {
	// is how the vendor works.
	is() kind
	// adapter makes the account's adapter, anew for each start of the service.
	adapter(line *vendorhttp.Line) (adapters.Adapter, error)
	// plan adds faults of the next attempts, by name; calm takes back those that are left.
	plan(faults []string)
	calm()
	// entries are the leads it has, the newest first.
	entries() []entry
	// stranger makes a lead that we did not send.
	stranger(email string)
	// turn closes or opens the nth; only of a vendor that can be read.
	turn(n int, live bool)
	// log is every attempt so far, in order.
	log() []attempted
}

// kind is how a model vendor works.
type kind struct {
	upserts      bool // one record for each ID that we name
	unique       bool // refuses a second live record of a person
	canBeRead    bool
	cannotUpdate bool
	// campaigns: only an engagement in a campaign is a conversation that can end.
	campaigns bool
	// keepsStop: what was stopped stays so for an engagement that does not know of the stop, after an UnlinkLead.
	keepsStop bool
}

// script is how a scripted vendor works.
type script struct {
	kind
	class leadmuxv1.IdempotencyClass // of CreateLead
	later leadmuxv1.IdempotencyClass // of all else
	rpcs  []string
}

// scripts are the scripted vendors by account name, each like one that there is, and one that nothing may be sent to twice.
var scripts = map[string]script{
	"crm":  {kind{upserts: true, canBeRead: true}, keyed, keyed, writes},
	"sms":  {kind{unique: true, cannotUpdate: true}, detectable, detectable, writes[1:3]},
	"dial": {kind{}, detectable, keyed, writes[:3]},
	"fax":  {kind{}, atMostOnce, atMostOnce, writes},
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
	refused    bool // by the vendor, after it had said that it took it
	changed    time.Time
	made       int // how often the vendor made something that it would use to contact the person, if it counts that
}

// attempted is one attempt as a model vendor saw it.
type attempted struct {
	leadID, opID, rpc string
	version           int
}

func attemptOf(rpc string, in adapters.LeadInput) attempted {
	version, _ := strconv.Atoi(in.Lead.GetLastName())
	return attempted{in.Lead.GetLeadId(), in.Engagement.GetOperationId(), rpc, version}
}

// liveOf is how many live entries of a lead of ours a vendor has.
func liveOf(v modelVendor, leadID string) int {
	n := 0
	for _, e := range v.entries() {
		if e.leadID == leadID && e.live {
			n++
		}
	}
	return n
}

// by is the entry of a vendor's ID; nil for none.
func by(v modelVendor, id string) *entry {
	for _, e := range v.entries() {
		if e.id == id {
			return &e
		}
	}
	return nil
}

// scriptedVendor is a vendor without a wire.
type scriptedVendor struct {
	script
	name string

	mu     sync.Mutex
	faults []string // of the next attempts; then it takes everything
	ledger []*entry // the newest first
	saw    []attempted
	last   time.Time
}

func (v *scriptedVendor) is() kind { return v.kind }

func (v *scriptedVendor) adapter(*vendorhttp.Line) (adapters.Adapter, error) {
	if v.canBeRead {
		return modelLister{v}, nil
	}
	return v, nil
}

func (v *scriptedVendor) plan(faults []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, faults...)
}

func (v *scriptedVendor) calm() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = nil
}

func (v *scriptedVendor) entries() []entry {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []entry
	for _, e := range v.ledger {
		all = append(all, *e)
	}
	return all
}

func (v *scriptedVendor) stranger(email string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.add("", email)
}

func (v *scriptedVendor) turn(n int, live bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.ledger) == 0 {
		return
	}
	if e := v.ledger[n%len(v.ledger)]; e.live != live {
		e.live, e.reopened, e.changed = live, live, v.now()
	}
}

func (v *scriptedVendor) log() []attempted {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.saw)
}

func (v *scriptedVendor) Vendor() string { return "verse" }

func (v *scriptedVendor) LeadWrite(rpc string) (adapters.LeadWrite, bool) {
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

func (v *scriptedVendor) send(ctx context.Context, rpc string, in adapters.LeadInput) (adapters.LeadResult, error) {
	v.mu.Lock()
	fault := "takes"
	if len(v.faults) > 0 {
		fault, v.faults = v.faults[0], v.faults[1:]
	}
	a := attemptOf(rpc, in)
	v.saw = append(v.saw, a)
	var result adapters.LeadResult
	var refusal error
	if faults[fault].effect {
		result, refusal = v.do(rpc, in, a.version)
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
func (v *scriptedVendor) do(rpc string, in adapters.LeadInput, version int) (adapters.LeadResult, error) {
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
func (v *scriptedVendor) find(in adapters.LeadInput) *entry {
	id := in.Engagement.GetVendorLeadId()
	if v.upserts {
		id = known(in)
	}
	for _, e := range v.ledger {
		if e.id == id || id == "" && e.leadID == in.Lead.GetLeadId() {
			return e
		}
	}
	return nil
}

func (v *scriptedVendor) has(email string) bool {
	for _, e := range v.ledger {
		if e.email == email && e.live {
			return true
		}
	}
	return false
}

// add makes a live entry.
func (v *scriptedVendor) add(leadID, email string) *entry {
	e := &entry{id: fmt.Sprintf("%s-%d", v.name, len(v.ledger)), leadID: leadID, email: email, live: true, changed: v.now()}
	v.ledger = append([]*entry{e}, v.ledger...)
	return e
}

// now is the vendor's clock: no two changes have the same time.
func (v *scriptedVendor) now() time.Time {
	now := time.Now()
	if !now.After(v.last) {
		now = v.last.Add(time.Microsecond)
	}
	v.last = now
	return now
}

// modelLister is a scripted vendor that can be read.
type modelLister struct{ *scriptedVendor }

func (l modelLister) ListLeads(_ context.Context, page int) ([]adapters.VendorLead, error) {
	const size = 3
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min((page-1)*size, len(l.ledger))
	var leads []adapters.VendorLead
	for _, e := range l.ledger[from:min(from+size, len(l.ledger))] {
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
