package service_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
)

// visitors are a vendor's leads, the newest first, in pages.
type visitors struct {
	mu      sync.Mutex
	records []adapters.VendorLead
	size    int
	asked   int
	before  func(asked int) // runs before each page
	err     map[int]error   // by number of the page asked for, from 1
}

// come makes n new visitors.
func (v *visitors) come(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for range n {
		id := fmt.Sprintf("visitor-%05d", len(v.records))
		v.records = append([]adapters.VendorLead{visitor(id)}, v.records...)
	}
}

// visitor is a lead that the vendor made.
func visitor(id string) adapters.VendorLead {
	return adapters.VendorLead{
		VendorLeadID: id, Lead: &leadmuxv1.Lead{FirstName: "Vi " + id, Email: id + "@example.com"},
		VendorStatus: "OPEN", State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE, CreateTime: time.Now(), UpdateTime: time.Now(),
	}
}

func (v *visitors) page(page int) ([]adapters.VendorLead, error) {
	v.mu.Lock()
	v.asked++
	asked := v.asked
	v.mu.Unlock()
	if v.before != nil {
		v.before(asked)
	}
	if err := v.err[asked]; err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	from := min((page-1)*v.size, len(v.records))
	return v.records[from:min(from+v.size, len(v.records))], nil
}

// list is ListVendorLeads of account bot.
func (r *rig) list(size int32, token string) (*leadmuxv1.ListVendorLeadsResponse, error) {
	r.t.Helper()
	return r.ListVendorLeads(r.full, &leadmuxv1.ListVendorLeadsRequest{Account: "bot", PageSize: size, PageToken: token})
}

// walk lists until the end, and returns how often each vendor's lead came.
func (r *rig) walk(size int32) map[string]int {
	r.t.Helper()
	seen := map[string]int{}
	for token, calls := "", 0; ; calls++ {
		got, err := r.list(size, token)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(got.GetLeads()) > int(size) {
			r.t.Errorf("%d leads in a page of %d", len(got.GetLeads()), size)
		}
		for _, lead := range got.GetLeads() {
			seen[delivery.Engagement(lead, "bot").GetVendorLeadId()]++
		}
		if token = got.GetNextPageToken(); token == "" {
			return seen
		}
		if calls > 2000 {
			r.t.Fatal("the walk does not end")
		}
	}
}

// newVisitors is account bot with n visitors.
func (r *rig) newVisitors(n, size int) *visitors {
	v := &visitors{size: size, err: map[int]error{}}
	v.come(n)
	r.bot.page = v.page
	return v
}

func TestAWalkReturnsEachOnceWhileVisitorsCome(t *testing.T) {
	for name, c := range map[string]struct{ have, vendor, size, come int }{
		"page smaller than the vendor's":  {120, 20, 7, 3},
		"page of one":                     {30, 20, 1, 1},
		"page larger than the vendor's":   {300, 20, 50, 5},
		"more come than fit into a page":  {100, 10, 10, 12},
		"more than one call's reading":    {900, 20, 1000, 1},
		"the same size, and nobody comes": {40, 20, 20, 0},
		"nobody at all":                   {0, 20, 50, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				v := r.newVisitors(c.have, c.vendor)
				v.before = func(asked int) {
					if asked < 40 {
						v.come(c.come)
					}
				}
				seen := r.walk(int32(c.size))
				for n := range c.have { // those who come during the walk may be missed, or not
					if id := fmt.Sprintf("visitor-%05d", n); seen[id] != 1 {
						t.Errorf("%s came %d times", id, seen[id])
					}
				}
				for id, n := range seen {
					if n != 1 {
						t.Errorf("%s came %d times", id, n)
					}
				}
				r.sound()
			})
		})
	}
}

func TestAVisitorIsFoundByOurID(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.newVisitors(3, 20)
		got, err := r.list(50, "")
		if err != nil || len(got.GetLeads()) != 3 || got.GetNextPageToken() != "" {
			t.Fatalf("%v, %v", got, err)
		}
		lead := got.GetLeads()[0]
		same(t, r.read(lead.GetLeadId()), lead)
		if r.lookup("bot", "visitor-00002") != lead.GetLeadId() || stateAt(lead, "bot") != "ACTIVE" || lead.GetEtag() == "" {
			t.Errorf("%v", lead)
		}
		if e := lead.GetEngagements()[0]; e.GetVendorStatus() != "OPEN" || e.GetVendorLeadId() != "visitor-00002" || e.GetVendorUpdateTime() == nil {
			t.Errorf("%v", e)
		}
		found, err := r.LookupLead(r.full, &leadmuxv1.LookupLeadRequest{Email: "visitor-00002@example.com"})
		if err != nil || found.GetLead().GetLeadId() != lead.GetLeadId() {
			t.Errorf("%v, %v", found, err)
		}
		equal(t, "events", r.events("full")[:2], []string{"lead.created", "lead.engagement_changed"})
		r.nothingNew(func() { // a second walk finds the same leads
			again, err := r.list(50, "")
			if err != nil || len(again.GetLeads()) != 3 {
				t.Fatalf("%v, %v", again, err)
			}
			same(t, again.GetLeads()[0], lead)
		})
		r.updated(&leadmuxv1.Lead{LeadId: lead.GetLeadId(), Phone: "4155550142"})
		if call := r.bot.last(); call.rpc != "UpdateLead" || call.in.Engagement.GetVendorLeadId() != "visitor-00002" {
			t.Errorf("the vendor had %v", call)
		}
	})
}

// A visitor who left neither phone nor e-mail can be worked with all the same.
func TestAVisitorWithoutContactCanBeChanged(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(0, 20)
		v.records = []adapters.VendorLead{{VendorLeadID: "x", Lead: &leadmuxv1.Lead{FirstName: "Vi"}}, {VendorLeadID: "y"}}
		got, err := r.list(50, "")
		if err != nil || len(got.GetLeads()) != 2 {
			t.Fatalf("%v, %v", got, err)
		}
		id := got.GetLeads()[0].GetLeadId()
		if lead := r.updated(&leadmuxv1.Lead{LeadId: id, Tags: []string{"hot"}}); len(lead.GetTags()) != 1 || r.bot.last().rpc != "UpdateLead" {
			t.Errorf("%v", lead)
		}
		r.updated(&leadmuxv1.Lead{LeadId: id, Email: "vi@example.com"})
		_, err = r.update(&leadmuxv1.Lead{LeadId: id}, "email")
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.phone", "lead.email")
	})
}

func TestAVendorsErrorDuringAWalk(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(50, 10)
		down := &adapters.Error{Vendor: "convertalk", Op: "ListVendorLeads", Kind: adapters.KindUnavailable}
		v.err[1], v.err[4] = down, down
		_, err := r.list(1000, "")
		refused(t, err, codes.Unavailable, "VENDOR_UNAVAILABLE")
		got, err := r.list(1000, "")
		if err != nil || len(got.GetLeads()) != 20 || got.GetNextPageToken() == "" {
			t.Fatalf("%d leads, %v", len(got.GetLeads()), err)
		}
		v.err[5] = down
		_, err = r.list(1000, got.GetNextPageToken())
		refused(t, err, codes.Unavailable, "VENDOR_UNAVAILABLE")
		rest, err := r.list(1000, got.GetNextPageToken())
		if err != nil || len(rest.GetLeads()) != 30 || rest.GetNextPageToken() != "" {
			t.Errorf("%d leads, %v", len(rest.GetLeads()), err)
		}
	})
}

// A caller who lost an answer asks again with the same token, and misses nothing.
func TestACallOfAWalkCanBeRepeated(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.newVisitors(100, 20)
		var token string
		seen := map[string]int{}
		for {
			got, err := r.list(30, token)
			if err != nil {
				t.Fatal(err)
			}
			again := got
			if token != "" { // the first call has no token, so its repeat is another walk
				if again, err = r.list(30, token); err != nil || !proto.Equal(again, got) {
					t.Fatalf("again: %v, %v", again, err)
				}
			}
			for _, lead := range again.GetLeads() {
				seen[lead.GetLeadId()]++
			}
			if token = again.GetNextPageToken(); token == "" {
				break
			}
		}
		if len(seen) != 100 || r.leads("full") != 100 {
			t.Errorf("%d of %d leads", len(seen), r.leads("full"))
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
	})
}

func TestATokenBelongsToItsWalk(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		v := r.newVisitors(50, 20)
		got, err := r.list(10, "")
		if err != nil {
			t.Fatal(err)
		}
		token := got.GetNextPageToken()
		asked := v.asked
		for name, forged := range map[string]string{
			"cut": token[:len(token)-2], "changed": flipped(token), "nonsense": "abc", "of another list": r.otherToken(),
		} {
			_, err := r.list(10, forged)
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		}
		if v.asked != asked {
			t.Error("the vendor was asked")
		}
		if other, err := r.list(7, token); err != nil || len(other.GetLeads()) != 7 {
			t.Errorf("another page size: %v, %v", other, err)
		}
	})
}

func flipped(token string) string {
	if strings.HasPrefix(token, "A") {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}

// otherToken is a good token of ListLeads.
func (r *rig) otherToken() string {
	r.t.Helper()
	got, err := r.ListLeads(r.full, &leadmuxv1.ListLeadsRequest{Account: "bot", PageSize: 1})
	if err != nil || got.GetNextPageToken() == "" {
		r.t.Fatal(err)
	}
	return got.GetNextPageToken()
}

func TestOnlyAVendorWithAListingIsRead(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for account, want := range map[string]string{"all": "bot", "dumb": "bot"} {
			_, err := r.ListVendorLeads(r.full, &leadmuxv1.ListVendorLeadsRequest{Account: account})
			if got := refused(t, err, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED"); got.metadata["accounts"] != want {
				t.Errorf("metadata %v", got.metadata)
			}
		}
		_, err := r.ListVendorLeads(r.full, &leadmuxv1.ListVendorLeadsRequest{Account: "theirs"})
		refused(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
		_, err = r.ListVendorLeads(r.ctx, &leadmuxv1.ListVendorLeadsRequest{Account: "west"})
		if got := refused(t, err, codes.Unimplemented, "CAPABILITY_NOT_SUPPORTED"); got.metadata["accounts"] != "" {
			t.Errorf("metadata %v", got.metadata)
		}
	})
}

// What we are about to create is not a stranger when the vendor shows it first.
func TestOurOwnLeadIsNoVisitor(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		state  string
	}{
		"under way":                        {late(10*time.Second, as("uuid-7")), "SENDING"},
		"answer lost, to be sent again":    {fails(adapters.KindUnavailable), "QUEUED"},
		"its vendor ID pending":            {as(""), "ACTIVE"},
		"the vendor's ID known":            {as("uuid-7"), "ACTIVE"},
		"refused, though it has it by now": {fails(adapters.KindInvalid), "REJECTED"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				v := r.newVisitors(1, 20)
				r.bot.answer = c.answer
				created, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{Lead: ada1(), Accounts: []string{"bot"}, Wait: seconds(1)})
				if err != nil {
					t.Fatal(err)
				}
				id := created.GetLead().GetLeadId()
				record := visitor("uuid-7")
				record.LeadID = id
				v.records = append(v.records, record)
				got, err := r.list(50, "")
				if err != nil || len(got.GetLeads()) != 2 || got.GetLeads()[1].GetLeadId() != id || stateAt(got.GetLeads()[1], "bot") != c.state {
					t.Fatalf("%v, %v", got, err)
				}
				if lead := r.read(id); lead.GetFirstName() != "Ada" || r.leads("full") != 2 || r.lookup("bot", "uuid-7") != id {
					t.Errorf("%v", lead)
				}
				if e := r.read(id).GetEngagements()[0]; c.state == "ACTIVE" && (e.GetVendorLeadId() != "uuid-7" || e.GetVendorStatus() != "OPEN") {
					t.Errorf("%v", e)
				}
				r.bot.mu.Lock()
				r.bot.answer = as("uuid-7")
				r.bot.mu.Unlock()
				<-time.After(10 * time.Hour)
				synctest.Wait()
				if lead := r.read(id); c.state != "REJECTED" && (stateAt(lead, "bot") != "ACTIVE" || lead.GetEngagements()[0].GetVendorLeadId() != "uuid-7") {
					t.Errorf("in the end %v", lead)
				}
				r.sound()
			})
		})
	}
}

// A record that names a lead of ours which was never given to this account, or none of ours, is a visitor.
func TestARecordThatOnlyClaimsToBeOurs(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		elsewhere := r.give(ada1(), "all").GetLeadId()
		v := r.newVisitors(2, 20)
		v.records[0].LeadID, v.records[1].LeadID = elsewhere, "lead_00000000000000000000000000"
		got, err := r.list(50, "")
		if err != nil || len(got.GetLeads()) != 2 || r.leads("full") != 3 {
			t.Fatalf("%v, %v", got, err)
		}
		for _, lead := range got.GetLeads() {
			if lead.GetLeadId() == elsewhere {
				t.Errorf("%v", lead)
			}
		}
	})
}
