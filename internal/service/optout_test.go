package service_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/service"
)

const (
	everyChannel = leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL
	sms          = leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS
	mail         = leadmuxv1.ContactChannel_CONTACT_CHANNEL_EMAIL
)

// tellable runs a test with a rig whose account "all" can be told of opt-outs and of what takes them back, "bot" of opt-outs
// alone, and the others of nothing.
func tellable(t *testing.T, test func(t *testing.T, r *rig, s *service.SuppressionService)) {
	t.Helper()
	inTime(t, func(t *testing.T, r *rig) {
		r.all.rpcs = slices.Concat(writes, []string{"OptOutLead", "Reconsent"})
		r.bot.rpcs = slices.Concat(writes, []string{"OptOutLead"})
		test(t, r, service.NewSuppressions(r.LeadService))
		synctest.Wait()
		r.sound()
	})
}

func (r *rig) optOut(request *leadmuxv1.OptOutLeadRequest) *leadmuxv1.Lead {
	r.t.Helper()
	got, err := r.OptOutLead(r.full, request)
	if err != nil {
		r.t.Fatal(err)
	}
	return got.GetLead()
}

// onlySuppression is the one there is, as it is now.
func onlySuppression(t *testing.T, r *rig, s *service.SuppressionService) *leadmuxv1.Suppression {
	t.Helper()
	list, err := s.ListSuppressions(r.full, &leadmuxv1.ListSuppressionsRequest{})
	if err != nil || len(list.GetSuppressions()) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	got, err := s.GetSuppression(r.full, &leadmuxv1.GetSuppressionRequest{SuppressionId: list.GetSuppressions()[0].GetSuppressionId()})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetSuppression()
}

func notices(list []*leadmuxv1.VendorNotice) []string {
	var got []string
	for _, n := range list {
		got = append(got, n.GetAccount()+" "+strings.TrimPrefix(n.GetState().String(), "VENDOR_NOTICE_STATE_"))
	}
	return got
}

func TestOptOutLeadIsHonouredEverywhere(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		id := r.give(ada1(), "all", "bot", "plain").GetLeadId()
		got := r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id, Reason: "replied STOP"})
		for _, account := range []string{"all", "bot", "plain"} {
			if stateAt(got, account) != "OPTED_OUT" {
				t.Errorf("%s is %s", account, stateAt(got, account))
			}
		}
		by := onlySuppression(t, r, s)
		equal(t, "notices", notices(by.GetNotices()), []string{"all ACKNOWLEDGED", "bot ACKNOWLEDGED", "plain UNSUPPORTED"})
		if by.GetEvidence() != "replied STOP" || by.GetSource() != "opt_out_lead" || by.GetScope() != everyChannel {
			t.Errorf("the suppression is %v", by)
		}
		_, err := r.engage(id, "all")
		refused(t, err, codes.FailedPrecondition, "LEAD_OPTED_OUT")
		if got, err := r.engage(id, "desk"); err != nil || stateAt(got, "desk") != "SUPPRESSED" {
			t.Errorf("%v, %v", got, err)
		}
		again := ada1()
		again.Email = "else@example.com" // the phone is the same
		if other := r.give(again, "all"); stateAt(other, "all") != "SUPPRESSED" || other.GetEngagements()[0].GetSuppressionId() != by.GetSuppressionId() {
			t.Errorf("created again: %v", other)
		}
		equal(t, "all was asked", r.all.rpcsSeen(), []string{"CreateLead", "OptOutLead"})
	})
}

func TestOptOutLeadOfNamedAccountsHoldsForThoseAlone(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		id := r.give(ada1(), "all", "bot").GetLeadId()
		got := r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id, Accounts: []string{"bot"}})
		if stateAt(got, "bot") != "OPTED_OUT" || stateAt(got, "all") != "ACTIVE" {
			t.Errorf("%v", got)
		}
		if by := onlySuppression(t, r, s); !slices.Equal(by.GetAccounts(), []string{"bot"}) {
			t.Errorf("%v", by)
		}
		if got, err := r.engage(id, "desk"); err != nil || stateAt(got, "desk") != "ACTIVE" {
			t.Errorf("%v, %v", got, err)
		}
		_, err := r.OptOutLead(r.full, &leadmuxv1.OptOutLeadRequest{LeadId: id, Accounts: []string{"plain"}})
		refused(t, err, codes.FailedPrecondition, "ENGAGEMENT_NOT_OPEN", "accounts[0]")
		_, err = r.OptOutLead(r.full, &leadmuxv1.OptOutLeadRequest{LeadId: id, Accounts: []string{"nowhere"}})
		refused(t, err, codes.InvalidArgument, "ACCOUNT_NOT_FOUND", "accounts[0]")
	})
}

func TestOptOutLeadRepeatedIsOneSuppression(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		id := r.give(ada1(), "all").GetLeadId()
		for range 3 {
			r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id, RequestId: "o1"})
			r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id})
		}
		onlySuppression(t, r, s)
		equal(t, "all was asked", r.all.rpcsSeen(), []string{"CreateLead", "OptOutLead"})
		_, err := r.OptOutLead(r.full, &leadmuxv1.OptOutLeadRequest{LeadId: id, RequestId: "o1", Reason: "other"})
		refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
		_, err = r.OptOutLead(r.full, &leadmuxv1.OptOutLeadRequest{LeadId: "lead_01h455vb4pex5vsknk084sn02q"})
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
	})
}

func TestOptOutLeadShownBeforehandChangesNothing(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, _ *service.SuppressionService) {
		id := r.give(ada1(), "all", "bot", "plain").GetLeadId()
		r.nothingNew(func() {
			got, err := r.OptOutLead(r.full, &leadmuxv1.OptOutLeadRequest{LeadId: id, ValidateOnly: true})
			if err != nil || len(got.GetVendorRequests()) != 2 || stateAt(got.GetLead(), "all") != "ACTIVE" {
				t.Errorf("%v, %v", got, err)
			}
		})
		r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id})
		r.nothingNew(func() {
			got, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{
				Lead: ada1(), Accounts: []string{"all"}, ValidateOnly: true, DuplicatePolicy: allow,
			})
			if err != nil || stateAt(got.GetLead(), "all") != "SUPPRESSED" || len(got.GetVendorRequests()) != 0 {
				t.Errorf("%v, %v", got, err)
			}
		})
	})
}

func TestOnlyReconsentLiftsASuppression(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		id := r.give(ada1(), "all", "bot").GetLeadId()
		r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id})
		if _, err := r.update(&leadmuxv1.Lead{LeadId: id, Phone: "+14155550199", Email: "new@example.com"}, "phone", "email"); err != nil {
			t.Fatal(err)
		}
		if got, err := r.engage(id, "desk"); err != nil || stateAt(got, "desk") != "SUPPRESSED" {
			t.Errorf("a new number frees the person: %v, %v", got, err)
		}
		answer, err := s.Reconsent(r.full, &leadmuxv1.ReconsentRequest{LeadId: id, Scope: everyChannel, Evidence: "signed the form", Source: "form", RequestId: "c1"})
		if err != nil || len(answer.GetSuppressions()) != 1 {
			t.Fatalf("%v, %v", answer, err)
		}
		synctest.Wait()
		by := onlySuppression(t, r, s)
		record := by.GetReconsents()[0]
		equal(t, "notices", notices(record.GetNotices()), []string{"all ACKNOWLEDGED", "bot UNSUPPORTED"})
		if len(by.GetBlocked()) != 0 || record.GetEvidence() != "signed the form" {
			t.Errorf("%v", by)
		}
		if got, err := r.engage(id, "all", "desk"); err != nil || stateAt(got, "all") != "ACTIVE" || stateAt(got, "desk") != "ACTIVE" {
			t.Errorf("%v, %v", got, err)
		}
		equal(t, "all was asked", r.all.rpcsSeen(), []string{"CreateLead", "OptOutLead", "Reconsent", "CreateLead"})
		if again, err := s.Reconsent(r.full, &leadmuxv1.ReconsentRequest{LeadId: id, Scope: everyChannel, Evidence: "signed the form", Source: "form", RequestId: "c1"}); err != nil || len(again.GetSuppressions()) != 1 {
			t.Errorf("repeated: %v, %v", again, err)
		}
		_, err = s.Reconsent(r.full, &leadmuxv1.ReconsentRequest{LeadId: id, Scope: everyChannel, Evidence: "again"})
		refused(t, err, codes.NotFound, "SUPPRESSION_NOT_FOUND")
	})
}

func TestAChannelGivenBackLeavesTheOthers(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		if _, err := s.Suppress(r.full, &leadmuxv1.SuppressRequest{Phone: "(415) 555-0142", Email: "ADA@example.com"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Reconsent(r.full, &leadmuxv1.ReconsentRequest{Phone: "+14155550142", Scope: sms, Evidence: "texted START"}); err != nil {
			t.Fatal(err)
		}
		for channel, may := range map[leadmuxv1.ContactChannel]bool{sms: true, mail: false, everyChannel: false} {
			got, err := s.CheckContact(r.full, &leadmuxv1.CheckContactRequest{Email: "ada@example.com", Channel: channel})
			if err != nil || got.GetMayContact() != may || !may && got.GetBlocks()[0].GetReason() != "PERSON_SUPPRESSED" {
				t.Errorf("%s: %v, %v", channel, got, err)
			}
		}
		if lead := r.give(ada1(), "all"); stateAt(lead, "all") != "SUPPRESSED" { // this account keeps to no channel
			t.Errorf("%v", lead)
		}
	})
}

func TestCheckContactSaysAllThatForbidsIt(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		lead := ada1()
		lead.Consent = &leadmuxv1.Consent{Sms: &leadmuxv1.ChannelConsent{State: leadmuxv1.ConsentState_CONSENT_STATE_DENIED}}
		id := r.give(lead, "all").GetLeadId()
		if got, err := s.CheckContact(r.full, &leadmuxv1.CheckContactRequest{LeadId: id, Channel: mail}); err != nil || !got.GetMayContact() {
			t.Errorf("%v, %v", got, err)
		}
		r.optOut(&leadmuxv1.OptOutLeadRequest{LeadId: id, Accounts: []string{"all"}})
		var reasons []string
		got, err := s.CheckContact(r.full, &leadmuxv1.CheckContactRequest{LeadId: id})
		for _, b := range got.GetBlocks() {
			reasons = append(reasons, b.GetReason())
		}
		if equal(t, "reasons", reasons, []string{"CONSENT_DENIED", "PERSON_SUPPRESSED"}); err != nil || got.GetMayContact() {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := s.CheckContact(r.full, &leadmuxv1.CheckContactRequest{LeadId: id, Channel: mail, Account: "bot"}); err != nil || !got.GetMayContact() {
			t.Errorf("at another account: %v, %v", got, err)
		}
		_, err = s.CheckContact(r.full, &leadmuxv1.CheckContactRequest{LeadId: id, Account: "west"})
		refused(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
		if got, err := s.CheckContact(r.ctx, &leadmuxv1.CheckContactRequest{Phone: lead.GetPhone()}); err != nil || !got.GetMayContact() {
			t.Errorf("another tenant's: %v, %v", got, err)
		}
	})
}

func TestAPersonIsNamedInOneWay(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		for _, c := range []struct {
			request *leadmuxv1.SuppressRequest
			fields  []string
		}{
			{&leadmuxv1.SuppressRequest{}, []string{"phone", "email", "lead_id"}},
			{&leadmuxv1.SuppressRequest{LeadId: "lead_01h455vb4pex5vsknk084sn02q", Phone: "+14155550142"}, []string{"lead_id"}},
			{&leadmuxv1.SuppressRequest{Phone: "12"}, []string{"phone"}},
			{&leadmuxv1.SuppressRequest{Email: "nobody"}, []string{"email"}},
			{&leadmuxv1.SuppressRequest{Email: "a@example.com", Time: timestamppb.New(time.Now().Add(time.Hour))}, []string{"time"}},
		} {
			r.nothingNew(func() {
				_, err := s.Suppress(r.full, c.request)
				refused(t, err, codes.InvalidArgument, "INVALID_FIELD", c.fields...)
			})
		}
		_, err := s.Suppress(r.full, &leadmuxv1.SuppressRequest{LeadId: "lead_01h455vb4pex5vsknk084sn02q"})
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		_, err = s.GetSuppression(r.full, &leadmuxv1.GetSuppressionRequest{SuppressionId: "sup_01h455vb4pex5vsknk084sn02q"})
		refused(t, err, codes.NotFound, "SUPPRESSION_NOT_FOUND")
		_, err = s.ListSuppressions(r.full, &leadmuxv1.ListSuppressionsRequest{PageToken: "x"})
		refused(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	})
}

// listed is a stream of persons who opted out.
type listed struct {
	grpc.ServerStream
	ctx    context.Context
	rows   []*leadmuxv1.SuppressRequest
	broken bool
	answer *leadmuxv1.ImportSuppressionsResponse
}

func (l *listed) Context() context.Context { return l.ctx }

func (l *listed) Recv() (*leadmuxv1.ImportSuppressionsRequest, error) {
	if len(l.rows) == 0 {
		if l.broken {
			return nil, context.Canceled
		}
		return nil, io.EOF
	}
	row := l.rows[0]
	l.rows = l.rows[1:]
	return &leadmuxv1.ImportSuppressionsRequest{Suppression: row}, nil
}

func (l *listed) SendAndClose(answer *leadmuxv1.ImportSuppressionsResponse) error {
	l.answer = answer
	return nil
}

func TestImportSuppressionsTakesWhatIsGood(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		id := r.give(ada1(), "all").GetLeadId()
		rows := func() []*leadmuxv1.SuppressRequest {
			list := []*leadmuxv1.SuppressRequest{{Phone: "+14155550142"}, {Phone: "12"}, {LeadId: "lead_01h455vb4pex5vsknk084sn02q"}}
			for n := range 250 {
				list = append(list, &leadmuxv1.SuppressRequest{Email: string(rune('a'+n%26)) + strings.Repeat("x", n/26) + "@example.com", Source: "list"})
			}
			return list
		}
		broken := &listed{ctx: r.full, rows: rows()[:5], broken: true}
		if err := s.ImportSuppressions(broken); err == nil {
			t.Error("a broken list ends well")
		}
		synctest.Wait()
		equal(t, "all was asked", r.all.rpcsSeen(), []string{"CreateLead", "OptOutLead"})
		whole := &listed{ctx: r.full, rows: rows()}
		if err := s.ImportSuppressions(whole); err != nil {
			t.Fatal(err)
		}
		got := whole.answer
		if got.GetStoredCount() != 251 || got.GetKnownCount() != 3 || got.GetRefusedCount() != 2 {
			t.Errorf("%v", got)
		}
		if got.GetRefused()[0].GetIndex() != 1 || got.GetRefused()[1].GetIndex() != 2 || got.GetRefused()[1].GetStatus().GetCode() != int32(codes.NotFound) {
			t.Errorf("%v", got.GetRefused())
		}
		if lead, err := r.GetLead(r.full, &leadmuxv1.GetLeadRequest{LeadId: id}); err != nil || stateAt(lead.GetLead(), "all") != "OPTED_OUT" {
			t.Errorf("%v, %v", lead, err)
		}
	})
}

func TestALinkedOrListedLeadOfASuppressedPersonIsOptedOut(t *testing.T) {
	tellable(t, func(t *testing.T, r *rig, s *service.SuppressionService) {
		if _, err := s.Suppress(r.full, &leadmuxv1.SuppressRequest{Phone: "+14155550142"}); err != nil {
			t.Fatal(err)
		}
		id := r.give(ada1(), "plain").GetLeadId()
		if _, err := r.LinkLead(r.full, &leadmuxv1.LinkLeadRequest{LeadId: id, Account: "all", VendorLeadId: "v7"}); err != nil {
			t.Fatal(err)
		}
		r.bot.page = func(page int) ([]adapters.VendorLead, error) {
			return []adapters.VendorLead{{
				VendorLeadID: "b1", Lead: &leadmuxv1.Lead{Phone: "+14155550142"}, State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE,
			}}[min(page-1, 1):], nil
		}
		if _, err := r.ListVendorLeads(r.full, &leadmuxv1.ListVendorLeadsRequest{Account: "bot"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		equal(t, "all was asked", r.all.rpcsSeen(), []string{"OptOutLead"})
		equal(t, "bot was asked", r.bot.rpcsSeen(), []string{"OptOutLead"})
	})
}
