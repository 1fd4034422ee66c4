package delivery_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// livesAtOnce is how many persons are in one index.
const livesAtOnce = 50

// livesInAll says how many persons there are in all; `make soak` has a thousand.
var livesInAll = flag.Uint64("lives", 150, "persons of TestP10NobodyIsContactedAfterAnOptOut")

// TestP10NobodyIsContactedAfterAnOptOut lets many persons be created, changed, put off, created again and opt out at random
// moments, at vendors that fail, answer late or not at all, or are down for two days, over crashes of the service. No request
// that could contact a person begins after the opt-out is stored, and in the end every vendor that has the person was told.
func TestP10NobodyIsContactedAfterAnOptOut(t *testing.T) {
	for first := uint64(0); first < *livesInAll; first += livesAtOnce {
		t.Run(fmt.Sprintf("seeds from %d", first), func(t *testing.T) {
			inTime(t, func(t *testing.T) { livesFrom(t, first) })
		})
	}
}

// life is one person's story.
type life struct {
	seed   uint64
	rand   *rand.Rand
	phone  string
	email  string
	leadID string
	out    time.Time // of the opt-out; zero before
	sup    string
}

// moment is something that happens to somebody.
type moment struct {
	at time.Time
	of *life // nil for a crash
	do func(*life)
}

func livesFrom(t *testing.T, first uint64) {
	t.Helper()
	w := &lives{t: t, by: map[string]*life{}, has: map[string]bool{}, told: map[string]bool{}}
	names := []string{"east", "south", "west"}
	for i, class := range []leadmuxv1.IdempotencyClass{keyed, atMostOnce, detectable} {
		v := newVendor(class)
		v.answer = func(ctx context.Context, a attempt) (adapters.LeadResult, error) { return w.answer(ctx, names[i], a) }
		w.accounts = append(w.accounts, at(names[i], v))
	}
	w.up = time.Now().Add(time.Duration(first%3) * 24 * time.Hour)
	w.rig = newRig(t, w.accounts...)
	w.rig.store.set(func(s *watched) { s.once = true })
	var moments []moment
	for n := range uint64(livesAtOnce) {
		l := &life{seed: first + n, rand: rand.New(rand.NewPCG(first+n, 1)), phone: fmt.Sprintf("+1415555%04d", n), email: fmt.Sprintf("p%d@example.com", n)}
		w.by[l.phone] = l
		moments = append(moments, w.story(l)...)
	}
	for n := range 3 {
		moments = append(moments, moment{at: time.Now().Add(time.Duration(n+1) * 13 * time.Hour)})
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return a.at.Compare(b.at) })
	for _, m := range moments {
		pass(time.Until(m.at))
		if m.of == nil {
			w.rig.crash()
			w.rig.start()
			continue
		}
		m.do(m.of)
	}
	pass(200 * time.Hour)
	w.judge()
}

// lives is the world of the persons: the rig, and what the vendors know.
type lives struct {
	t        *testing.T
	rig      *rig
	accounts []*adapters.Account
	by       map[string]*life // by phone
	up       time.Time        // before, every vendor is down half of the time

	has, told map[string]bool // by account and lead; under the vendors' lock of the rig
}

// story draws what happens to a person, and when. No two things happen at one moment.
func (w *lives) story(l *life) []moment {
	begin := time.Now()
	when := func(hours int) time.Time {
		return begin.Add(time.Duration(l.rand.Int64N(int64(hours)*int64(time.Hour))/1000*1000 + int64(l.seed%1000)))
	}
	created := when(1)
	later := func(hours int) time.Time { return when(hours).Add(created.Sub(begin)) }
	all := []moment{{created, l, w.create}}
	for range l.rand.IntN(4) {
		do := []func(*life){w.update, w.deferred, w.ended}[l.rand.IntN(3)]
		all = append(all, moment{later(60), l, do})
	}
	out := []time.Time{created.Add(time.Duration(l.rand.IntN(5_000_000_000)) + 1), later(60)}[l.rand.IntN(2)]
	return append(all, moment{out, l, w.optOut}, moment{later(90), l, w.createAgain}, moment{later(90), l, w.update})
}

func (w *lives) lead(l *life) *leadmuxv1.Lead {
	return &leadmuxv1.Lead{FirstName: "Ada", Phone: l.phone, Email: l.email}
}

func (w *lives) create(l *life) {
	lead := w.lead(l)
	lead.LeadId = typeid.New(typeid.Lead)
	l.leadID = lead.GetLeadId()
	w.accept(lead, delivery.CreateLead, w.accounts)
}

func (w *lives) createAgain(l *life) {
	lead := w.lead(l)
	lead.LeadId = typeid.New(typeid.Lead)
	if l.rand.IntN(2) == 0 { // by another of the person's numbers
		lead.Phone, lead.WorkPhone, lead.Email = "", l.phone, ""
	}
	w.accept(lead, delivery.CreateLead, w.accounts)
}

func (w *lives) update(l *life)   { w.change(l, delivery.UpdateLead) }
func (w *lives) deferred(l *life) { w.change(l, delivery.DeferConversation) }
func (w *lives) ended(l *life)    { w.change(l, delivery.StopConversation) }

// change asks for something at every account with an open engagement, as the service does.
func (w *lives) change(l *life, method string) {
	lead := w.rig.lead(l.leadID)
	var open []*adapters.Account
	for _, account := range w.accounts {
		if delivery.Open(delivery.Engagement(lead, account.Name)) {
			open = append(open, account)
		}
	}
	w.accept(lead, method, open)
}

func (w *lives) accept(lead *leadmuxv1.Lead, method string, accounts []*adapters.Account) {
	w.t.Helper()
	slots := w.rig.reserve(accounts)
	var ops []*leadmuxv1.Operation
	err := w.rig.store.Update(context.Background(), func(tx idmap.Tx) (err error) {
		stored := proto.CloneOf(lead)
		if method != delivery.CreateLead {
			if stored, err = tx.Lead(tenant, lead.GetLeadId()); err != nil {
				return err
			}
		}
		ops, err = w.rig.d.Accept(tx, tenant, stored, accounts, delivery.Write{Method: method}, slots)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.rig.d.Go(tenant, ops)
}

func (w *lives) optOut(l *life) {
	who := []delivery.Person{{LeadID: l.leadID}, {Phones: []string{l.phone}}, {Emails: []string{l.email}, Phones: []string{l.phone}}}[l.rand.IntN(3)]
	l.sup = w.rig.suppress(who).GetSuppressionId()
	l.out = time.Now()
}

// answer is what a vendor does with a request, drawn for the person, the account and the attempt.
func (w *lives) answer(ctx context.Context, account string, a attempt) (adapters.LeadResult, error) {
	l := w.by[cmp.Or(a.lead.GetPhone(), a.lead.GetWorkPhone())]
	draw := rand.New(rand.NewPCG(l.seed, uint64(a.n)<<16|uint64(len(account))<<8|uint64(len(a.rpc))))
	how := draw.IntN(8)
	if time.Now().Before(w.up) && draw.IntN(2) == 0 {
		how = 0
	}
	if a.n > 12 {
		how = 7
	}
	does := func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		w.rig.store.set(func(*watched) {
			w.has[account+a.lead.GetLeadId()] = true
			w.told[account+a.lead.GetLeadId()] = w.told[account+a.lead.GetLeadId()] || a.rpc == delivery.OptOutLead
		})
		return took(ctx, a)
	}
	lost := func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
		_, _ = does(ctx, a)
		return loses(adapters.KindTimeout)(ctx, a)
	}
	late := time.Duration(1 + draw.IntN(20_000_000_000))
	return []answer{
		fails(adapters.KindUnavailable), fails(adapters.KindRateLimited), loses(adapters.KindUnavailable), lost, after(late, does), after(late, lost), after(late, fails(adapters.KindUnavailable)), does,
	}[how](ctx, a)
}

// judge holds what the vendors saw against the opt-outs.
func (w *lives) judge() {
	w.t.Helper()
	for _, account := range w.accounts {
		for _, a := range account.Adapter.(*vendor).seen("") {
			l := w.by[cmp.Or(a.lead.GetPhone(), a.lead.GetWorkPhone())]
			contacts := a.rpc == delivery.CreateLead || a.rpc == delivery.UpdateLead || a.rpc == delivery.DeferConversation
			if contacts && !a.at.Before(l.out) {
				w.t.Errorf("seed %d: %s at %s began %s after the opt-out", l.seed, a.rpc, account.Name, a.at.Sub(l.out))
			}
		}
	}
	for _, l := range w.by {
		for _, n := range w.rig.suppression(l.sup).GetNotices() {
			has, told := w.has[n.GetAccount()+n.GetLeadId()], w.told[n.GetAccount()+n.GetLeadId()]
			state := noticeNames([]*leadmuxv1.VendorNotice{n})[0]
			if has && !told || told != (state == n.GetAccount()+" ACKNOWLEDGED") && state != n.GetAccount()+" UNSUPPORTED" {
				w.t.Errorf("seed %d: the vendor has the person: %v, was told: %v, and the notice is %s (%s)", l.seed, has, told, state, n.GetNote())
			}
		}
		for _, account := range w.accounts {
			if state := stateName(w.rig.engagement(l.leadID, account.Name).GetState()); state != "OPTED_OUT" && state != "SUPPRESSED" {
				w.t.Errorf("seed %d: the engagement at %s is %s", l.seed, account.Name, state)
			}
		}
	}
}
