package crash_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// judge waits until all is settled, and holds what is here against what the callers were told and what the vendors have.
func (l *life) judge(t *testing.T, r round, callers []*caller) {
	t.Helper()
	client := l.env.Server.Client(harness.GRPC)
	for _, c := range callers {
		for k, id := range c.leads {
			l.tally.add(&l.tally.leads, 1)
			person := harness.Person(c.plan.persons[k])
			if found := client.Lookup(t, &leadmuxv1.LookupLeadRequest{ExternalId: person.GetExternalId()}); found != id {
				t.Errorf("%s was acknowledged, and under its external ID is %q", id, found)
				continue
			}
			lead := client.Create(t, c.create(c.plan.persons[k], settled)) // once more, which waits for all that was asked for since
			if slices.ContainsFunc(lead.GetEngagements(), moves) || lead.GetLeadId() != id {
				t.Fatalf("%s is not settled within %s: %s", id, settled, harness.States(lead))
			}
			if r.doubtful {
				l.judgeDoubtful(t, c, lead)
			} else {
				l.judgeLead(t, c, lead)
			}
		}
		if len(c.leads) != len(c.plan.persons) {
			t.Errorf("of %d persons %d are leads", len(c.plan.persons), len(c.leads))
		}
		for id, accounts := range c.vendorID {
			for account := range accounts {
				if found := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: account, VendorLeadId: id}); !slices.Contains(c.leads, found) {
					t.Errorf("%s was said to be %s at %s, and that is now %q", c.leads, id, account, found)
				}
			}
		}
	}
	l.judgeSight(t, client)
	l.judgeDelivered(t, client)
}

// moves says whether something is still to come of an engagement.
func moves(e *leadmuxv1.Engagement) bool {
	switch e.GetState() {
	case leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_SENDING:
		return true
	case leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT: // which judgeOptOut looks at
		return false
	default:
		return e.GetError().GetRetryTime() != nil
	}
}

// judgeLead holds one lead against the vendors' ledgers.
func (l *life) judgeLead(t *testing.T, c *caller, lead *leadmuxv1.Lead) {
	t.Helper()
	want := c.plan.ends()
	for _, account := range c.plan.accounts {
		e := harness.At(lead, account)
		vendor := l.env.Vendors.Get(account)
		records := vendor.Records(t, lead.GetEmail())
		if state := harness.State(e); state != want.state && (want.state != optedOut || e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT) {
			t.Errorf("%s at %s is %s, not %s; the vendor has %+v", lead.GetLeadId(), account, state, want.state, records)
		}
		if want.state == optedOut {
			l.judgeOptOut(t, c, lead, account)
			continue
		}
		times := 1
		if account == harness.Verse { // which makes a new conversation of each
			times = want.opened
		}
		if len(records) != times {
			t.Errorf("%s is %d times at %s, which was to have it %d times: %+v", lead.GetLeadId(), len(records), account, times, records)
		}
		for _, r := range records {
			if account != harness.Verse && r.Name != want.name+" "+lead.GetLastName() {
				t.Errorf("%s at %s is called %q, not %s", lead.GetLeadId(), account, r.Name, want.name)
			}
			if account != harness.Convertalk && r.Ours != lead.GetLeadId() {
				t.Errorf("%s has %q as our ID, not %s", account, r.Ours, lead.GetLeadId())
			}
		}
		if account == harness.UJET {
			l.judgeCampaign(t, c.plan.campaign && want.state == "ACTIVE", vendor.Contacts(t, lead.GetEmail()), want.name+" "+lead.GetLastName())
		}
	}
}

// judgeOptOut checks that a vendor was told of an opt-out, or cannot be, and was sent nobody after it.
func (l *life) judgeOptOut(t *testing.T, c *caller, lead *leadmuxv1.Lead, account string) {
	t.Helper()
	client := l.env.Server.Client(c.plan.via)
	if len(l.env.Vendors.Get(account).Records(t, lead.GetEmail())) == 0 {
		return // it never had the person; where it may have, it is asked again for hours
	}
	told := func() (string, bool) {
		var answer leadmuxv1.GetSuppressionResponse
		client.Must(t, "SuppressionService.GetSuppression", &leadmuxv1.GetSuppressionRequest{SuppressionId: harness.At(lead, account).GetSuppressionId()}, &answer)
		for _, n := range answer.GetSuppression().GetNotices() {
			if n.GetAccount() == account && n.GetLeadId() == lead.GetLeadId() {
				state := n.GetState()
				return state.String(), state == leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_ACKNOWLEDGED || state == leadmuxv1.VendorNoticeState_VENDOR_NOTICE_STATE_UNSUPPORTED
			}
		}
		return "no notice", false
	}
	harness.Eventually(t, settled, account+" is told of the opt-out of "+lead.GetLeadId(), told)
	if records := l.env.Vendors.Get(account).Records(t, lead.GetEmail()); account == harness.Conversica {
		if !strings.Contains(records[0].Says, "stopMessaging=true") { // its telling is an upsert, so it may come after and create
			t.Errorf("%s has %+v after the opt-out", account, records)
		}
		return
	}
	for _, r := range l.env.Vendors.Get(account).About(t, lead.GetEmail()) {
		if r.Effect == kit.EffectCreated && r.Time.After(c.optedOut.Add(underWay)) {
			t.Errorf("%s got %s %s %s after the opt-out of %s", account, r.Method, r.Path, r.Time.Sub(c.optedOut), lead.GetLeadId())
		}
	}
}

// underWay is how long a request that was sent before an opt-out was stored may take to arrive.
const underWay = 500 * time.Millisecond

const optedOut = "OPTED_OUT"

func (l *life) judgeCampaign(t *testing.T, in bool, contacts []string, name string) {
	t.Helper()
	var want []string
	if in {
		want = []string{name}
	}
	if !slices.Equal(contacts, want) {
		t.Errorf("the campaign has %v, not %v", contacts, want)
	}
}

// ending is how a plan leaves its leads.
type ending struct {
	state  string
	name   string // first name
	opened int    // conversations
}

func (p plan) ends() ending {
	e := ending{name: harness.Person(0).GetFirstName()}
	for _, s := range p.steps {
		switch s.rpc {
		case "CreateLead", "BatchCreateLeads", "ImportLeads", "EngageLead":
			e.state = "ACTIVE"
			e.opened++
		case "UpdateLead":
			e.name = s.name
		case "EndConversation", "Webhook":
			e.state = "QUALIFIED"
		case "StopConversation":
			e.state = "UNQUALIFIED"
		case "OptOutLead":
			e.state = optedOut
		}
	}
	return e
}
