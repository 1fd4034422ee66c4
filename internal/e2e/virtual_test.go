package e2e_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"

	sandboxconversica "github.com/leadmux/leadmux/internal/sandbox/conversica"
	sandboxconvertalk "github.com/leadmux/leadmux/internal/sandbox/convertalk"
	sandboxujet "github.com/leadmux/leadmux/internal/sandbox/ujet"
	sandboxverse "github.com/leadmux/leadmux/internal/sandbox/verse"
)

// years is the service without its process, over the real index, with the real adapters and the emulators on loopback, in virtual
// time: days pass at once. The vendors stand outside of it, where a listener that waits does not keep time from passing.
type years struct {
	*service.LeadService

	t       *testing.T
	ctx     context.Context
	vendors *harness.Vendors
	dir     string // of the index
	stop    func() // ends the service
	outside chan func()
	done    chan bool
}

// inYears runs a test in virtual time.
func inYears(t *testing.T, test func(y *years)) {
	t.Helper()
	t.Parallel()
	vendors := suite.Vendors(t)
	vendors.HangUp() // a connection that is kept open would keep time from passing
	vendors.Get(harness.UJET).Set(t, `{"ratePerSecond": 0}`)
	outside, done := make(chan func()), make(chan bool)
	defer close(outside)
	go func() {
		for do := range outside {
			do()
			done <- true
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		y := &years{t: t, vendors: vendors, dir: t.TempDir(), outside: outside, done: done, ctx: auth.With(t.Context(), auth.Principal{Name: "crm", Tenant: "default", Scopes: []string{"*"}})}
		y.start()
		t.Cleanup(func() { y.stop() })
		test(y)
	})
}

// start starts the service over what the index holds; stop ends it.
func (y *years) start() {
	y.t.Helper()
	secret, err := seal.NewSecret(make([]byte, seal.KeySize))
	if err != nil {
		y.t.Fatal(err)
	}
	store, err := boltmap.Open(boltmap.Config{Dir: y.dir, Secret: secret})
	if err != nil {
		y.t.Fatal(err)
	}
	set, logger := adapters.NewSet(y.accounts()), slog.New(slog.DiscardHandler)
	d := delivery.New(delivery.Config{
		Store: store, Accounts: set, Logger: logger,
		Schedule: delivery.Schedule{Min: time.Second, Max: 15 * time.Minute, GiveUpAfter: 72 * time.Hour},
	})
	y.LeadService, _ = service.New(service.Config{
		Store: store, Accounts: set, Dispatcher: d, Secret: secret, Logger: logger,
		Region: "US", Duplicates: leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_REJECT, KeepRequestIDs: 720 * time.Hour,
	})
	if err := d.Start(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	y.stop = func() {
		d.Close(context.Background())
		if err := store.Close(); err != nil {
			y.t.Error(err)
		}
	}
}

func (y *years) restart() {
	y.t.Helper()
	y.stop()
	y.start()
}

// accounts are the four vendors' real adapters.
func (y *years) accounts() []*adapters.Account {
	y.t.Helper()
	var all []*adapters.Account
	for _, vendor := range allFour {
		line, url := vendorhttp.NewLine(vendorhttp.LineConfig{}), y.vendors.Get(vendor).BaseURL
		var adapter adapters.Adapter
		var err error
		switch vendor {
		case harness.Verse:
			adapter, err = verse.New(verse.Config{Account: vendor, BaseURL: url, APIKey: sandboxverse.DefaultKey, Line: line})
		case harness.UJET:
			adapter, err = ujet.New(ujet.Config{Account: vendor, BaseURL: url, Subdomain: sandboxujet.DefaultSubdomain, Token: sandboxujet.DefaultToken, Line: line})
		case harness.Conversica:
			adapter, err = conversica.New(conversica.Config{
				Account: vendor, BaseURL: url, Username: sandboxconversica.DefaultUsername, Password: sandboxconversica.DefaultPassword,
				ClientID: "tenant-88", ConversationID: "spring-open-day", RepName: "Ada Byron", LeadSource: "Web", Line: line,
			})
		default:
			adapter, err = convertalk.New(convertalk.Config{
				Account: vendor, BaseURL: url, Token: sandboxconvertalk.DefaultToken, BotID: sandboxconvertalk.DefaultBotID,
				CustomerID: sandboxconvertalk.DefaultCustomerID, Line: line,
			})
		}
		if err != nil {
			y.t.Fatal(err)
		}
		all = append(all, &adapters.Account{Name: vendor, Tenant: "default", Vendor: vendor, Adapter: adapter, Line: line, Default: true})
	}
	return all
}

// pass lets so much time pass, and everything that is due happen.
func (y *years) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// out does something outside of virtual time.
func (y *years) out(do func()) {
	y.outside <- do
	<-y.done
}

func (y *years) create(n int, accounts ...string) *leadmuxv1.Lead {
	y.t.Helper()
	request := createPerson(n)
	request.RequestId, request.Accounts, request.Wait = "years-"+request.GetLead().GetExternalId(), accounts, harness.Wait(0)
	answer, err := y.CreateLead(y.ctx, request)
	if err != nil {
		y.t.Fatal(err)
	}
	return answer.GetLead()
}

func (y *years) lead(id string) *leadmuxv1.Lead {
	y.t.Helper()
	answer, err := y.GetLead(y.ctx, &leadmuxv1.GetLeadRequest{LeadId: id})
	if err != nil {
		y.t.Fatal(err)
	}
	return answer.GetLead()
}

// wants checks how a lead stands.
func (y *years) wants(id, states string) {
	y.t.Helper()
	if got := harness.States(y.lead(id)); got != states {
		y.t.Errorf("%s is %s, not %s", id, got, states)
	}
}

// TestP1P2VendorsThatAreDownFor48HoursGetEveryLeadOnce lets all four vendors be down for two days, in which leads come, change and
// end; in the middle each takes one thing and loses its answer. When they are up again everything is done there, once.
func TestP1P2VendorsThatAreDownFor48HoursGetEveryLeadOnce(t *testing.T) {
	inYears(t, func(y *years) {
		y.down()
		ids := []string{y.create(0).GetLeadId()}
		y.pass(36 * time.Hour)
		ids = append(ids, y.create(1).GetLeadId(), y.create(2).GetLeadId())
		change := updateLead.request(y.lead(ids[0]), "").(*leadmuxv1.UpdateLeadRequest)
		change.Wait = harness.Wait(0)
		if _, err := y.UpdateLead(y.ctx, change); err != nil {
			t.Fatal(err)
		}
		if _, err := y.EndConversation(y.ctx, &leadmuxv1.EndConversationRequest{LeadId: ids[2], Wait: harness.Wait(0)}); err != nil {
			t.Fatal(err)
		}
		for _, vendor := range allFour {
			y.vendors.Get(vendor).Plan(t, kit.Fault{Drop: true, After: true}, kit.Fault{Status: 503, Count: -1})
		}
		y.up()
		y.pass(time.Hour)
		y.down()
		for _, vendor := range allFour {
			y.vendors.Get(vendor).Clear()
		}
		y.pass(11 * time.Hour)
		for _, id := range ids {
			for _, e := range y.lead(id).GetEngagements() {
				if e.GetState() != leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUEUED {
					t.Errorf("while its vendor is down the engagement is %v", e)
				}
			}
		}
		y.up()
		y.pass(time.Hour)
		for i, id := range ids {
			y.settled(i, y.lead(id))
		}
	})
}

func (y *years) down() {
	for _, vendor := range allFour {
		y.out(y.vendors.Get(vendor).Down)
	}
}

func (y *years) up() {
	for _, vendor := range allFour {
		y.out(func() { y.vendors.Get(vendor).Up(y.t) })
	}
}

// settled checks a lead of the test above, of which the third was ended.
func (y *years) settled(i int, lead *leadmuxv1.Lead) {
	y.t.Helper()
	state := "ACTIVE"
	if i == 2 {
		state = "QUALIFIED"
	}
	for _, vendor := range allFour {
		if e := harness.At(lead, vendor); harness.State(e) != state {
			y.t.Errorf("lead %d at %s is %s, not %s", i, vendor, harness.State(e), state)
		}
		records := y.vendors.Get(vendor).Records(y.t, lead.GetEmail())
		if len(records) != 1 || records[0].Name != lead.GetFirstName()+" "+lead.GetLastName() {
			y.t.Errorf("%s has lead %d as %+v", vendor, i, records)
		}
		if created := y.vendors.Get(vendor).Created(y.t, lead.GetEmail()); created != 1 {
			y.t.Errorf("%s created lead %d %d times", vendor, i, created)
		}
	}
}

// TestP4TheSameRequestAfter29DaysIsTheSameLead repeats a request after almost as long as request IDs are kept.
func TestP4TheSameRequestAfter29DaysIsTheSameLead(t *testing.T) {
	inYears(t, func(y *years) {
		first := y.create(0)
		y.pass(29 * 24 * time.Hour)
		again := y.create(0)
		if again.GetLeadId() != first.GetLeadId() {
			t.Errorf("the same request made %s and 29 days later %s", first.GetLeadId(), again.GetLeadId())
		}
		y.pass(time.Hour)
		y.settled(0, y.lead(first.GetLeadId()))
		changed := createPerson(0)
		changed.RequestId, changed.Lead.FirstName = "years-"+changed.GetLead().GetExternalId(), "Grace"
		if _, err := y.CreateLead(y.ctx, changed); err == nil {
			t.Error("another request under the same ID was accepted")
		}
	})
}

// TestP2AStrangersConversationIsNeverAdopted has Verse know the person from somebody else. Its 409 is then no success, even after
// attempts that failed before anything was done; and where an answer was lost, so that nobody can tell, the stranger's ID never
// becomes ours.
func TestP2AStrangersConversationIsNeverAdopted(t *testing.T) {
	for name, c := range map[string]struct {
		faults []kit.Fault
		states string
	}{
		"at once":                       {nil, "verse=REJECTED DUPLICATE_AT_VENDOR"},
		"after a limit":                 {[]kit.Fault{{Status: 429, Count: 3}}, "verse=REJECTED DUPLICATE_AT_VENDOR"},
		"after an answer that was lost": {[]kit.Fault{{Drop: true, After: true}}, "verse=ACTIVE"},
	} {
		t.Run(name, func(t *testing.T) {
			inYears(t, func(y *years) {
				v := y.vendors.Get(harness.Verse)
				var theirs string
				y.out(func() { theirs = v.Stranger(t, harness.Person(0)) })
				v.Plan(t, c.faults...)
				id := y.create(0, harness.Verse).GetLeadId()
				y.pass(time.Hour)
				y.wants(id, c.states)
				if e := harness.At(y.lead(id), harness.Verse); e.GetVendorLeadId() != "" || (e.GetError() == nil) != warned(e, "VENDOR_ID_PENDING") {
					t.Errorf("the engagement is %v", e)
				}
				if found, err := y.LookupLead(y.ctx, &leadmuxv1.LookupLeadRequest{Account: harness.Verse, VendorLeadId: theirs}); err == nil {
					t.Errorf("the stranger's conversation is %s here", found.GetLead().GetLeadId())
				}
				records := v.Records(t, harness.Person(0).GetEmail())
				if len(records) != 1 || records[0].ID != theirs || slices.ContainsFunc(records, func(r harness.Record) bool { return r.Ours == id }) {
					t.Errorf("Verse has %+v", records)
				}
			})
		})
	}
}
