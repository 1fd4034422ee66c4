package crash_test

import (
	"slices"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
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
}

// moves says whether something is still to come of an engagement.
func moves(e *leadmuxv1.Engagement) bool {
	switch e.GetState() {
	case leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED, leadmuxv1.EngagementState_ENGAGEMENT_STATE_SENDING:
		return true
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
		if state := harness.State(e); state != want.state {
			t.Errorf("%s at %s is %s, not %s; the vendor has %+v", lead.GetLeadId(), account, state, want.state, records)
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
		}
	}
	return e
}
