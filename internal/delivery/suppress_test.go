package delivery_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	everything = leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL
	texts      = leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS
	calls      = leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL
	mails      = leadmuxv1.ContactChannel_CONTACT_CHANNEL_EMAIL
)

// suppress stores an opt-out as the service does, and returns it.
func (r *rig) suppress(who delivery.Person) *leadmuxv1.Suppression {
	r.t.Helper()
	return r.declare(delivery.Declaration{Person: who, Scope: everything, Source: "test", Evidence: "said so"}, false).Suppressions[0]
}

func (r *rig) declare(said delivery.Declaration, again bool) delivery.Declared {
	r.t.Helper()
	var made delivery.Declared
	err := r.store.Update(context.Background(), func(tx idmap.Tx) (err error) {
		if again {
			made, err = r.d.Reconsent(tx, tenant, said)
		} else {
			made, err = r.d.Suppress(tx, tenant, said)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.d.Go(tenant, made.Ops)
	return made
}

// suppression is a suppression as it is now.
func (r *rig) suppression(id string) *leadmuxv1.Suppression {
	r.t.Helper()
	var s *leadmuxv1.Suppression
	r.view(func(index idmap.Reader) (err error) {
		s, err = index.Suppression(tenant, id)
		return err
	})
	return s
}

// wantsNotices checks where the telling of the vendors stands, as "account STATE".
func (r *rig) wantsNotices(id string, want ...string) {
	r.t.Helper()
	equal(r.t, "notices", noticeNames(r.suppression(id).GetNotices()), want)
}

func noticeNames(notices []*leadmuxv1.VendorNotice) []string {
	var got []string
	for _, n := range notices {
		got = append(got, n.GetAccount()+" "+strings.TrimPrefix(n.GetState().String(), "VENDOR_NOTICE_STATE_"))
	}
	return got
}

// caller is somebody with a phone and an address.
func caller(phone string) *leadmuxv1.Lead {
	lead := somebody()
	lead.Phone = phone
	return lead
}

// sayings are the RPCs that the vendor saw for a lead.
func sayings(v *vendor, id string) []string {
	var rpcs []string
	for _, a := range v.seen(id) {
		rpcs = append(rpcs, a.rpc)
	}
	return rpcs
}

func TestP10EveryVendorIsToldOfAnOptOut(t *testing.T) {
	inTime(t, func(t *testing.T) {
		east, west := newVendor(keyed, took), newVendor(keyed, took)
		r := newRig(t, at("east", east), at("west", west))
		id := r.create(caller("+14155550101"))
		synctest.Wait()
		s := r.suppress(delivery.Person{LeadID: id})
		for _, account := range []string{"east", "west"} {
			if got := stateName(r.engagement(id, account).GetState()); got != "OPTED_OUT" {
				t.Errorf("%s is %s at once", account, got)
			}
		}
		synctest.Wait()
		r.wantsNotices(s.GetSuppressionId(), "east ACKNOWLEDGED", "west ACKNOWLEDGED")
		for _, v := range []*vendor{east, west} {
			equal(t, "the vendor saw", sayings(v, id), []string{"CreateLead", "OptOutLead"})
		}
		for _, n := range r.suppression(s.GetSuppressionId()).GetNotices() {
			if n.GetHttpStatus() != 201 || n.GetOperationId() == "" || n.GetTime() == nil || n.GetLeadId() != id {
				t.Errorf("the proof is %v", n)
			}
		}
		consent := r.lead(id).GetConsent()
		if consent.GetSms().GetState() != 2 || consent.GetEmail().GetState() != 2 || consent.GetCall().GetSource() != "test" {
			t.Errorf("the consent is %v", consent)
		}
		if !slices.Contains(r.events(id), "consent.changed") {
			t.Errorf("events: %v", r.events(id))
		}
	})
}

func TestP10NothingWaitingIsSentAfterAnOptOut(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.UpdateLead] = inTurn(fails(adapters.KindUnavailable), took)
		r, id := engaged(t, v)
		update := r.write(id, delivery.UpdateLead, "Grace")
		synctest.Wait() // it failed once and waits
		later := r.write(id, delivery.DeferConversation)
		r.suppress(delivery.PersonOf(r.lead(id)))
		r.wantsOp(update, "FAILED")
		r.wantsOp(later, "FAILED")
		pass(time.Hour)
		equal(t, "the vendor saw", sayings(v, id), []string{"CreateLead", "UpdateLead", "OptOutLead"})
		r.wants(id, "OPTED_OUT", "")
	})
}

// A suppression may be stored by a way that does not find the lead; what is taken from a queue looks by itself.
func TestP10ASuppressionIsLookedAtAgainWhenAnAttemptBegins(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		r.stop()
		id := r.create(caller("+14155550102"))
		s := &leadmuxv1.Suppression{
			SuppressionId: typeid.New(typeid.Suppression), Scope: everything, Blocked: []leadmuxv1.ContactChannel{everything},
		}
		r.put(func(tx idmap.Tx) error {
			return tx.PutSuppression(tenant, s, []idmap.PersonKey{{Kind: idmap.PersonPhone, Value: "+14155550102"}})
		})
		r.resume()
		synctest.Wait()
		if n := len(v.seen(id)); n != 0 {
			t.Fatalf("the vendor saw %d requests", n)
		}
		r.wants(id, "OPTED_OUT", "")
		if op := r.op(id); opName(op.GetState()) != "FAILED" || !strings.Contains(op.GetDecision(), s.GetSuppressionId()) {
			t.Errorf("the operation is %v", op)
		}
		r.wantsNotices(s.GetSuppressionId(), "west UNSUPPORTED")
		other := r.create(somebody()) // the queue goes on
		synctest.Wait()
		r.wants(other, "ACTIVE", "")
	})
}

func TestP10AnAttemptInFlightIsFollowedByTheOptOut(t *testing.T) {
	for name, of := range map[string]struct {
		answers []answer
		saw     []string
		notice  string
	}{
		"it succeeds":         {[]answer{after(5*time.Second, took)}, []string{"CreateLead", "OptOutLead"}, "west ACKNOWLEDGED"},
		"it may have":         {[]answer{after(5*time.Second, loses(adapters.KindTimeout)), took}, []string{"CreateLead", "OptOutLead"}, "west ACKNOWLEDGED"},
		"it had no effect":    {[]answer{after(5*time.Second, fails(adapters.KindUnavailable)), took}, []string{"CreateLead"}, "west UNSUPPORTED"},
		"the vendor refuses":  {[]answer{after(5*time.Second, fails(adapters.KindInvalid)), took}, []string{"CreateLead"}, "west UNSUPPORTED"},
		"it is cut off after": {[]answer{hangs}, []string{"CreateLead", "OptOutLead"}, "west ACKNOWLEDGED"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(keyed, of.answers...)
				v.on[delivery.OptOutLead] = took
				r := newRig(t, at("west", v))
				id := r.create(caller("+14155550103"))
				synctest.Wait()
				s := r.suppress(delivery.Person{Phones: []string{"+14155550103"}})
				r.wantsNotices(s.GetSuppressionId(), "west REQUESTED")
				pass(time.Hour)
				equal(t, "the vendor saw", sayings(v, id), of.saw)
				r.wantsNotices(s.GetSuppressionId(), of.notice)
				if got := stateName(r.engagement(id).GetState()); got != "OPTED_OUT" {
					t.Errorf("the engagement is %s", got)
				}
			})
		})
	}
}

// A create that is never sent twice stays in doubt; the opt-out does not wait for a person to settle it.
func TestP10AnOptOutDoesNotWaitForADoubt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(atMostOnce, loses(adapters.KindTimeout))
		v.on[delivery.OptOutLead] = inTurn(fails(adapters.KindNotFound), took)
		r := newRig(t, at("west", v))
		id := r.create(caller("+14155550104"))
		synctest.Wait()
		r.wants(id, "IN_DOUBT", "VENDOR_TIMEOUT")
		s := r.suppress(delivery.Person{LeadID: id})
		synctest.Wait()
		r.wantsNotices(s.GetSuppressionId(), "west REQUESTED") // not there yet, perhaps: it is asked again
		pass(2 * time.Hour)
		equal(t, "the vendor saw", sayings(v, id), []string{"CreateLead", "OptOutLead", "OptOutLead"})
		r.wantsNotices(s.GetSuppressionId(), "west ACKNOWLEDGED")
	})
}

// What may be an answer about a wrong path is never taken for one about the person: it is asked again, without stopping the account,
// and shown when other operations would be given up. A corrected path is found by then.
func TestP10AnOptOutWhosePathIsInDoubtIsNotDone(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		notice  string
	}{
		"never corrected":      {[]answer{fails(adapters.KindRouteDoubted)}, "west FAILED"},
		"after one in doubt":   {[]answer{loses(adapters.KindTimeout), fails(adapters.KindRouteDoubted)}, "west FAILED"},
		"corrected in a while": {[]answer{fails(adapters.KindRouteDoubted), fails(adapters.KindRouteDoubted), took}, "west ACKNOWLEDGED"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				v := newVendor(detectable, took)
				v.on[delivery.OptOutLead] = inTurn(c.answers...)
				r, id := engaged(t, v)
				s := r.suppress(delivery.Person{LeadID: id})
				pass(10 * time.Minute)
				r.wantsNotices(s.GetSuppressionId(), "west REQUESTED")
				other := r.create(caller("+14155550105"))
				synctest.Wait()
				r.wants(other, "ACTIVE", "") // the account is not stopped
				pass(74 * time.Hour)
				r.wantsNotices(s.GetSuppressionId(), c.notice)
				if told := len(sayings(v, id)); told > 300 {
					t.Errorf("the vendor was asked %d times", told)
				}
			})
		})
	}
}

func TestP10AnOptOutIsToldHoweverLongTheVendorIsDown(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		up := time.Now().Add(100 * time.Hour) // longer than anything else is tried
		v.on[delivery.OptOutLead] = func(ctx context.Context, a attempt) (adapters.LeadResult, error) {
			if time.Now().Before(up) {
				return fails(adapters.KindUnavailable)(ctx, a)
			}
			return took(ctx, a)
		}
		r, id := engaged(t, v)
		s := r.suppress(delivery.Person{LeadID: id})
		pass(50 * time.Hour)
		r.wantsNotices(s.GetSuppressionId(), "west REQUESTED")
		r.crash()
		r.start()
		pass(51 * time.Hour)
		r.wantsNotices(s.GetSuppressionId(), "west ACKNOWLEDGED")
		r.wants(id, "OPTED_OUT", "")
	})
}

func TestP10AnOptOutWaitsForAStoppedAccount(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.OptOutLead] = inTurn(fails(adapters.KindCredentials), took)
		r, id := engaged(t, v)
		s := r.suppress(delivery.Person{LeadID: id})
		pass(time.Hour)
		r.wantsNotices(s.GetSuppressionId(), "west REQUESTED")
		r.resume()
		synctest.Wait()
		r.wantsNotices(s.GetSuppressionId(), "west ACKNOWLEDGED")
	})
}

func TestAVendorThatRefusesAnOptOutIsShownAndToldAgain(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		v.on[delivery.OptOutLead] = inTurn(fails(adapters.KindInvalid), took)
		r, id := engaged(t, v)
		s := r.suppress(delivery.Person{LeadID: id})
		synctest.Wait()
		r.wantsNotices(s.GetSuppressionId(), "west FAILED")
		if again := r.suppress(delivery.Person{LeadID: id}); again.GetSuppressionId() != s.GetSuppressionId() {
			t.Errorf("a second suppression: %v", again)
		}
		synctest.Wait()
		r.wantsNotices(s.GetSuppressionId(), "west ACKNOWLEDGED")
		r.suppress(delivery.Person{LeadID: id})
		synctest.Wait()
		equal(t, "the vendor saw", sayings(v, id), []string{"CreateLead", "OptOutLead", "OptOutLead"})
	})
}

func TestASuppressedPersonIsNeverGivenToAVendor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		s := r.suppress(delivery.Person{Phones: []string{"+14155550105"}, Emails: []string{"Ann@Example.com"}})
		for _, lead := range []*leadmuxv1.Lead{
			{Phone: "+14155550105"}, {HomePhone: "+14155550105", Email: "x@example.com"}, {WorkPhone: "+14155550105"}, {Email: "ann@example.COM"},
		} {
			var stored *leadmuxv1.Lead
			r.put(func(tx idmap.Tx) error {
				stored = &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead), Phone: lead.GetPhone(), HomePhone: lead.GetHomePhone(), WorkPhone: lead.GetWorkPhone(), Email: lead.GetEmail()}
				ops, err := r.d.Accept(tx, tenant, stored, r.accounts, delivery.Write{Method: delivery.CreateLead}, delivery.Slots{"west": true})
				if len(ops) != 0 {
					t.Errorf("operations: %v", ops)
				}
				return err
			})
			r.wants(stored.GetLeadId(), "SUPPRESSED", "PERSON_SUPPRESSED")
			if e := r.engagement(stored.GetLeadId()); e.GetSuppressionId() != s.GetSuppressionId() || e.GetAttempts() != 0 {
				t.Errorf("the engagement is %v", e)
			}
			if !slices.Contains(r.suppression(s.GetSuppressionId()).GetLeadIds(), stored.GetLeadId()) {
				t.Error("the suppression does not hold for the lead whatever its values")
			}
		}
		synctest.Wait()
		if n := len(v.seen("")); n != 0 {
			t.Errorf("the vendor saw %d requests", n)
		}
	})
}

func TestAnOptOutEndsAllLeadsOfThePerson(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r := newRig(t, at("west", v))
		first, second, stranger := r.create(caller("+14155550106")), r.create(caller("+14155550106")), r.create(caller("+14155550107"))
		synctest.Wait()
		s := r.suppress(delivery.Person{LeadID: first})
		synctest.Wait()
		r.wants(first, "OPTED_OUT", "")
		r.wants(second, "OPTED_OUT", "")
		r.wants(stranger, "ACTIVE", "")
		r.wantsNotices(s.GetSuppressionId(), "west ACKNOWLEDGED", "west ACKNOWLEDGED")
	})
}

func TestAnUpdateToASuppressedNumberOptsOut(t *testing.T) {
	inTime(t, func(t *testing.T) {
		v := newVendor(keyed, took)
		r, id := engaged(t, v)
		s := r.suppress(delivery.Person{Phones: []string{"+14155550108"}})
		r.put(func(tx idmap.Tx) error {
			lead, err := tx.Lead(tenant, id)
			if err != nil {
				return err
			}
			lead.Phone = "+14155550108"
			ops, err := r.d.Accept(tx, tenant, lead, r.accounts, delivery.Write{Method: delivery.UpdateLead}, nil)
			r.d.Go(tenant, ops)
			return err
		})
		pass(time.Minute)
		r.wants(id, "OPTED_OUT", "")
		equal(t, "the vendor saw", sayings(v, id), []string{"CreateLead", "OptOutLead"})
		r.wantsNotices(s.GetSuppressionId(), "west ACKNOWLEDGED")
	})
}
