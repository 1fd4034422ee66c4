package e2e_test

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
)

// polled is a service that asks Convertalk for news every second.
type polled struct {
	*testing.T
	env    *harness.Env
	vendor *harness.Vendor
	client harness.Client
}

func newPolled(t *testing.T, o harness.Options) polled {
	t.Helper()
	o.Poll = cmp.Or(o.Poll, time.Second)
	env := suite.Start(t, o)
	return polled{T: t, env: env, vendor: env.Vendors.Get(harness.Convertalk), client: env.Server.Client(harness.GRPC)}
}

// log is the whole log, the lead's alone where one is named.
func (p polled) log(leadID string) []*leadmuxv1.Event {
	p.Helper()
	var all []*leadmuxv1.Event
	in := &leadmuxv1.ListEventsRequest{LeadId: leadID, PageSize: 1000}
	for {
		page := &leadmuxv1.ListEventsResponse{}
		p.client.Must(p, "EventService.ListEvents", in, page)
		all = append(all, page.GetEvents()...)
		if in.PageToken = page.GetNextPageToken(); in.GetPageToken() == "" {
			return all
		}
	}
}

// types are the types of a log, with what a message says and what an engagement became.
func types(log []*leadmuxv1.Event) []string {
	var all []string
	for _, e := range log {
		text := e.GetType()
		if c := e.GetEngagementChanged(); c != nil {
			text += " " + strings.TrimPrefix(c.GetAfter().String(), "ENGAGEMENT_STATE_")
		}
		if m := e.GetMessage(); m != nil {
			text += " " + m.GetText()
		}
		all = append(all, text)
	}
	return all
}

// lead waits for the lead of ours that a record at Convertalk is to be in a state.
func (p polled) lead(uuid string, want leadmuxv1.EngagementState) *leadmuxv1.Lead {
	p.Helper()
	return harness.Eventually(p, settled, uuid+" is "+want.String(), func() (*leadmuxv1.Lead, bool) {
		for _, lead := range p.client.List(p) {
			if e := harness.At(lead, harness.Convertalk); e.GetVendorLeadId() == uuid {
				return lead, e.GetState() == want
			}
		}
		return nil, false
	})
}

// rounds waits for so many further polls that ended well.
func (p polled) rounds(n int) {
	p.Helper()
	before := p.metric("leadmux_polls_total", `result="ok"`)
	harness.Eventually(p, settled, "Convertalk is polled again", func() (float64, bool) {
		now := p.metric("leadmux_polls_total", `result="ok"`)
		return now, now >= before+float64(n)
	})
}

// metric is a figure of the account convertalk.
func (p polled) metric(name, label string) float64 {
	p.Helper()
	answer, err := p.env.Server.HTTPDo(p.Context(), "GET", "http://"+p.env.Server.Admin+"/metrics", nil, "")
	if err != nil {
		p.Fatal(err)
	}
	for line := range strings.Lines(string(answer.Body)) {
		if strings.HasPrefix(line, name+`{account="convertalk"`) && strings.Contains(line, label) {
			var value float64
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' '):], &value); err != nil {
				p.Fatal(err)
			}
			return value
		}
	}
	p.Fatalf("there is no %s %s", name, label)
	return 0
}

const (
	isActive   = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
	isEnded    = leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED
	isOptedOut = leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT
)

// TestPollVisitors lets a visitor come, be answered, be closed, write again and refuse: each poll tells what changed, in order.
func TestPollVisitors(t *testing.T) {
	t.Parallel()
	p := newPolled(t, harness.Options{})
	uuid := p.vendor.Visit(t, convertalk.Visitor{Name: "Amara Nilsson", Email: "amara@example.com", Message: "Hello"})
	lead := p.lead(uuid, isActive)
	if lead.GetEmail() != "amara@example.com" || lead.GetFirstName() != "Amara" {
		t.Errorf("the visitor is %v", lead)
	}
	p.vendor.Agent(t, convertalk.Action{UUID: uuid, Message: "Good day", Status: "CLOSED"})
	p.lead(uuid, isEnded)
	p.vendor.Agent(t, convertalk.Action{UUID: uuid, Status: "INPROGRESS"})
	p.lead(uuid, isActive)
	p.vendor.Visit(t, convertalk.Visitor{UUID: uuid, Phone: "4155550142", DialCode: "+1", Message: "One more thing"})
	harness.Eventually(t, settled, "the visitor's number is known", func() (string, bool) {
		phone := p.lead(uuid, isActive).GetPhone()
		return phone, phone == "+14155550142"
	})
	p.vendor.Visit(t, convertalk.Visitor{UUID: uuid, Message: "stop!"})
	p.lead(uuid, isOptedOut)
	got := types(p.log(lead.GetLeadId()))
	want := []string{
		"lead.created", "lead.engagement_changed ACTIVE", "lead.message Hello", "lead.engagement_changed ENDED", "lead.message Good day",
		"lead.engagement_changed ACTIVE", "lead.updated", "lead.message One more thing", "lead.message stop!",
	}
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "consent") || strings.Contains(s, "OPTED_OUT") })
	if !slices.Equal(got, want) {
		t.Errorf("the lead's events are\n %q, want\n %q", got, want)
	}
}

// TestPollTagsAndChats: an agent's tag is an opt-out, and a visitor who left no contact data is a chat until there is some.
func TestPollTagsAndChats(t *testing.T) {
	t.Parallel()
	p := newPolled(t, harness.Options{})
	tagged := p.vendor.Visit(t, convertalk.Visitor{Email: "tagged@example.com"})
	p.lead(tagged, isActive)
	p.vendor.Agent(t, convertalk.Action{UUID: tagged, Tag: "opted-out"})
	p.lead(tagged, isOptedOut)

	uuid := p.vendor.Visit(t, convertalk.Visitor{Message: "Anybody there?"})
	look := &leadmuxv1.LookupChatRequest{Account: harness.Convertalk, VendorChatId: uuid}
	chat := harness.Eventually(t, settled, "the visitor is a chat", func() (*leadmuxv1.Chat, bool) {
		if answer := p.client.Try(t, "ChatService.LookupChat", look); answer.Code != 0 {
			return nil, false
		}
		out := &leadmuxv1.LookupChatResponse{}
		p.client.Must(t, "ChatService.LookupChat", look, out)
		return out.GetChat(), true
	})
	p.vendor.Visit(t, convertalk.Visitor{UUID: uuid, Email: "found@example.com"})
	lead := p.lead(uuid, isActive)
	harness.Eventually(t, settled, "the chat is the lead's", func() (*leadmuxv1.Chat, bool) {
		out := &leadmuxv1.GetChatResponse{}
		p.client.Must(t, "ChatService.GetChat", &leadmuxv1.GetChatRequest{ChatId: chat.GetChatId()}, out)
		return out.GetChat(), out.GetChat().GetEndUser().GetLeadId() == lead.GetLeadId()
	})
}

// TestPollWithoutNewsWritesNothing: polls that find nothing leave no trace but their figures.
func TestPollWithoutNewsWritesNothing(t *testing.T) {
	t.Parallel()
	p := newPolled(t, harness.Options{LogLevel: "info"})
	uuid := p.vendor.Visit(t, convertalk.Visitor{Email: "quiet@example.com", Message: "Hello"})
	p.vendor.Visit(t, convertalk.Visitor{Message: "Nobody"})
	before := p.lead(uuid, isActive)
	p.rounds(1)
	events, output := len(p.log("")), len(p.env.Server.Output())
	p.rounds(2)
	if after := p.lead(uuid, isActive); after.GetEtag() != before.GetEtag() || len(p.log("")) != events {
		t.Errorf("the lead went from %v to %v, the log from %d events to %q", before, after, events, types(p.log("")))
	}
	said := p.env.Server.Output()[output:]
	for line := range strings.Lines(said) {
		if strings.Contains(line, "poll") {
			t.Errorf("the service wrote %s", line)
		}
	}
	account := &leadmuxv1.GetAccountResponse{}
	p.client.Must(t, "AccountService.GetAccount", &leadmuxv1.GetAccountRequest{Account: harness.Convertalk}, account)
	if last := account.GetAccount().GetHealth().GetLastPollTime(); last == nil || time.Since(last.AsTime()) > settled {
		t.Errorf("the last poll was at %v", last)
	}
	if lag := p.metric("leadmux_poll_lag_seconds", ""); lag > settled.Seconds() {
		t.Errorf("the lag is %v s", lag)
	}
}

// pages are the pages of leads that were asked for.
func (p polled) pages(from int) []string {
	p.Helper()
	var pages []string
	for _, r := range p.vendor.Requests(p)[from:] {
		if q, err := url.ParseQuery(r.Query); err == nil && r.Method == "GET" && q.Get("type") == "lead" {
			pages = append(pages, q.Get("page"))
		}
	}
	return pages
}

// TestPollOverKills kills the service in the middle of its first reading, stops it while more visitors come, and finds each of them once. After
// the stop only the first pages are asked for, and a few of those behind.
func TestPollOverKills(t *testing.T) {
	t.Parallel()
	const visitors = 300 // 15 pages
	p := newPolled(t, harness.Options{LogLevel: "warn"})
	p.rounds(1)
	p.env.Server.Terminate(t)
	p.vendor.Visit(t, convertalk.Visitor{Name: "Early Visitor", Email: "early@example.com", Count: visitors})
	before := len(p.vendor.Requests(t))
	p.env.Server.Start(t)
	for range 2 {
		harness.Eventually(t, settled, "the reading is under way", func() (int, bool) {
			n := len(p.pages(before))
			return n, n >= 4
		})
		p.env.Server.Restart(t)
		before = len(p.vendor.Requests(t))
	}
	p.whole(visitors)
	p.rounds(1)

	p.env.Server.Terminate(t)
	p.vendor.Visit(t, convertalk.Visitor{Name: "Late Visitor", Email: "late@example.com", Count: 3})
	before = len(p.vendor.Requests(t))
	p.env.Server.Start(t)
	p.whole(visitors + 3)
	p.rounds(1)
	var first []string
	for i, page := range p.pages(before) {
		if i > 0 && page == "1" {
			break
		}
		first = append(first, page)
	}
	if want := []string{"1", "2", "3", "4", "5", "6", "7"}; !slices.Equal(first, want) {
		t.Errorf("after the stop the pages %q were asked for, want %q", first, want)
	}
}

// whole waits until all visitors are leads, and wants each to be one, and created once.
func (p polled) whole(visitors int) {
	p.Helper()
	leads := harness.Eventually(p, 2*settled, "all visitors are leads", func() ([]*leadmuxv1.Lead, bool) {
		leads := p.client.List(p)
		return leads, len(leads) >= visitors
	})
	at := map[string]bool{}
	for _, lead := range leads {
		at[harness.At(lead, harness.Convertalk).GetVendorLeadId()] = true
	}
	created := 0
	for _, e := range p.log("") {
		if e.GetType() == "lead.created" {
			created++
		}
	}
	if len(leads) != visitors || len(at) != visitors || created != visitors {
		p.Errorf("%d visitors are %d leads with %d vendor IDs and %d creations", visitors, len(leads), len(at), created)
	}
}

// TestPollAfterHooks: an account that is not polled by the clock is after a hook, and a hundred hooks are few polls.
func TestPollAfterHooks(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	p := polled{T: t, env: env, vendor: env.Vendors.Get(harness.Convertalk), client: env.Server.Client(harness.GRPC)}
	uuid := p.vendor.Visit(t, convertalk.Visitor{Email: "hooked@example.com"})
	if n := len(p.vendor.Requests(t)); n != 0 {
		t.Fatalf("%d requests before any hook", n)
	}
	var group sync.WaitGroup
	begin := time.Now()
	for i := range 100 {
		group.Go(func() {
			body := fmt.Sprintf(`{"data": {"_id": "%024x", "uuid": %q, "updatedAt": "2026-03-04T09:12:44.%03dZ"}}`, i, uuid, i)
			answer, err := env.Server.HTTPDo(t.Context(), "POST",
				"http://"+env.Server.HTTP+"/webhooks/convertalk/"+harness.HookToken+"/newMessageHook", []byte(body), harness.KeyNone)
			if err != nil || answer.Status != 200 {
				t.Errorf("hook: %v %d %s", err, answer.Status, answer.Body)
			}
		})
	}
	group.Wait()
	p.lead(uuid, isActive)
	took := time.Since(begin)
	polls := harness.Eventually(t, settled, "the polls are over", func() (float64, bool) {
		before := len(p.vendor.Requests(t))
		n := p.metric("leadmux_polls_total", `result="ok"`)
		return n, n > 0 && len(p.vendor.Requests(t)) == before
	})
	if polls > 2+took.Seconds() {
		t.Errorf("100 hooks within %s were %v polls", took, polls)
	}
	t.Logf("100 hooks within %s were %v polls", took, polls)
}

// TestPollNotWhileStopped: an account that the vendor refused is left alone, and asked again once it is resumed.
func TestPollNotWhileStopped(t *testing.T) {
	t.Parallel()
	p := newPolled(t, harness.Options{})
	p.rounds(1)
	p.env.BreakCredentials(t)
	p.env.Server.Restart(t)
	account := &leadmuxv1.GetAccountRequest{Account: harness.Convertalk}
	harness.Eventually(t, settled, "the account is stopped", func() (bool, bool) {
		out := &leadmuxv1.GetAccountResponse{}
		p.client.Must(t, "AccountService.GetAccount", account, out)
		stopped := out.GetAccount().GetHealth().GetStopped()
		return stopped, stopped
	})
	before := len(p.vendor.Requests(t))
	begin := time.Now()
	harness.Eventually(t, settled, "three periods have passed", func() (time.Duration, bool) {
		return time.Since(begin), time.Since(begin) > 3*time.Second
	})
	if n := len(p.vendor.Requests(t)) - before; n != 0 {
		t.Errorf("the stopped account was asked %d times", n)
	}
	p.env.FixCredentials(t)
	p.env.Server.Restart(t)
	p.client.Must(t, "AccountService.TestAccount", &leadmuxv1.TestAccountRequest{Account: harness.Convertalk}, &leadmuxv1.TestAccountResponse{})
	p.rounds(1)
}
