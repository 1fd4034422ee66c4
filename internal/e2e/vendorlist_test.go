package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
)

// visitorsComing is how many more come before each page of 20 of the long walk is read.
const visitorsComing = 4

// walker reads an account's leads page by page.
type walker struct {
	client harness.Client
	size   int32
	token  string
	calls  int
	found  map[string]string // our ID by vendor ID
}

// next reads a page, and fails the test when a lead comes twice. It says whether more follow.
func (w *walker) next(t *testing.T) bool {
	t.Helper()
	page := &leadmuxv1.ListVendorLeadsResponse{}
	in := &leadmuxv1.ListVendorLeadsRequest{Account: harness.Convertalk, PageSize: w.size, PageToken: w.token}
	w.client.Must(t, "LeadService.ListVendorLeads", in, page)
	if w.calls++; w.calls > visitorsThere {
		t.Fatal("the walk does not end")
	}
	if w.found == nil {
		w.found = map[string]string{}
	}
	for _, lead := range page.GetLeads() {
		id := harness.At(lead, harness.Convertalk).GetVendorLeadId()
		if w.found[id] != "" {
			t.Errorf("%s comes twice in the walk", id)
		}
		w.found[id] = lead.GetLeadId()
	}
	w.token = page.GetNextPageToken()
	return w.token != ""
}

// TestListManyVendorLeads walks over ten thousand visitors while more come and shift the vendor's pages, kills the service in the
// middle, and finds every one of them: once in the walk, one lead here, by our ID and by the vendor's, before and after a restart.
func TestListManyVendorLeads(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{LogLevel: "warn"})
	vendor := env.Vendors.Get(harness.Convertalk)
	vendor.Visit(t, convertalk.Visitor{Name: "Early Visitor", Email: "early@example.com", Count: visitorsThere})
	there := vendor.All(t)
	vendor.Set(t, fmt.Sprintf(`{"visitorsPerListing": %d}`, visitorsComing))
	begin := time.Now()
	w := &walker{client: env.Server.Client(harness.GRPC), size: visitorsThere / 25}
	for w.next(t) {
		switch w.calls {
		case 3:
			w.client = env.Server.Client(harness.REST)
		case 9:
			env.Server.Restart(t)
			w.client = env.Server.Client(harness.GRPC)
		}
	}
	t.Logf("%d leads in %d calls, %s", len(w.found), w.calls, time.Since(begin).Round(time.Millisecond))
	if came := len(vendor.All(t)) - len(there); came < visitorsThere/10 {
		t.Errorf("only %d visitors came during the walk", came)
	}
	missing := 0
	for id := range there {
		if w.found[id] == "" {
			missing++
		}
	}
	ours := map[string]bool{}
	for _, leadID := range w.found {
		ours[leadID] = true
	}
	if missing > 0 || len(ours) != len(w.found) {
		t.Errorf("%d were missed, and %d vendor IDs have %d leads", missing, len(w.found), len(ours))
	}
	allFound(t, env, w.found)
	env.Server.Restart(t)
	allFound(t, env, w.found)
	known := env.Server.Client(harness.GRPC).List(t)
	if len(known) != len(w.found) {
		t.Errorf("%d leads here, %d were found", len(known), len(w.found))
	}
}

// allFound looks for every lead by our ID, and for every tenth by the vendor's.
func allFound(t *testing.T, env *harness.Env, found map[string]string) {
	t.Helper()
	ids := slices.Sorted(maps.Keys(found))
	const callers = 8
	var calls sync.WaitGroup
	for caller := range callers {
		client := env.Server.Client(harness.GRPC)
		calls.Go(func() {
			for i := caller; i < len(ids); i += callers {
				answer := client.Try(t, "LeadService.GetLead", &leadmuxv1.GetLeadRequest{LeadId: found[ids[i]]})
				if answer.Code != codes.OK {
					t.Errorf("%s of the walk: %s", found[ids[i]], answer.Body)
				}
				if i%10 != 0 {
					continue
				}
				if by := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Account: harness.Convertalk, VendorLeadId: ids[i]}); by != found[ids[i]] {
					t.Errorf("by the vendor ID %s it is %q, not %s", ids[i], by, found[ids[i]])
				}
			}
		})
	}
	calls.Wait()
}

// TestVendorLeadsAsTheyChange lists a lead of our own and a visitor, lets an agent and the visitor change them, and lists again:
// the vendor's news is taken over, what we know stays, and an unknown status is text and no error.
func TestVendorLeadsAsTheyChange(t *testing.T) {
	overBoth(t, func(t *testing.T, env *harness.Env, via harness.Via) {
		client, vendor := env.Server.Client(via), env.Vendors.Get(harness.Convertalk)
		own := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(0), Accounts: []string{harness.Convertalk}})
		ownThere := harness.At(own, harness.Convertalk).GetVendorLeadId()
		visitor := vendor.Visit(t, convertalk.Visitor{Name: "Vera Visitor", Email: "vera@example.com"})
		first := &walker{client: client}
		first.next(t)
		if first.found[ownThere] != own.GetLeadId() || first.found[visitor] == "" {
			t.Fatalf("the list has %v", first.found)
		}

		vendor.Agent(t, convertalk.Action{UUID: ownThere, Status: "CLOSED"})
		vendor.Agent(t, convertalk.Action{UUID: visitor, Status: "WAITING_FOR_BOSS"})
		vendor.Visit(t, convertalk.Visitor{UUID: visitor, Name: "Vera Visitor-Miller", Phone: "4155550142", DialCode: "+1"})
		second := &walker{client: client}
		second.next(t)
		if !maps.Equal(second.found, first.found) {
			t.Errorf("the second list has %v and the first %v", second.found, first.found)
		}
		closed := harness.At(client.Get(t, own.GetLeadId()), harness.Convertalk)
		if !is(closed, "ENDED", "") || closed.GetVendorStatus() != "CLOSED" {
			t.Errorf("what the agent closed is %v", closed)
		}
		vera := client.Get(t, first.found[visitor])
		if e := harness.At(vera, harness.Convertalk); !is(e, "ACTIVE", "") || e.GetVendorStatus() != "WAITING_FOR_BOSS" || vera.GetPhone() != "+14155550142" {
			t.Errorf("the visitor is %v", vera)
		}
		if by := client.Lookup(t, &leadmuxv1.LookupLeadRequest{Phone: "+14155550142"}); by != vera.GetLeadId() {
			t.Errorf("the look-up by the new phone finds %q", by)
		}

		// What we ended stays ended, whatever the vendor goes on to say of it.
		client.Change(t, "LeadService.StopConversation", stopConversation.request(vera, harness.Convertalk))
		vendor.Agent(t, convertalk.Action{UUID: visitor, Status: "OPEN"})
		third := &walker{client: client}
		third.next(t)
		if e := harness.At(client.Get(t, vera.GetLeadId()), harness.Convertalk); !is(e, "UNQUALIFIED", "") || e.GetVendorStatus() != "OPEN" {
			t.Errorf("what we stopped is %v", e)
		}
	})
}
