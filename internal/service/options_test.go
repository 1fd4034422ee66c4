package service_test

import (
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
)

// What an engagement began with stays with it, the vendor's own part alone, and an update goes out with it; a new engagement
// begins with its own.
func TestAnEngagementKeepsItsOptions(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		both := &leadmuxv1.VendorOptions{
			Conversica: &leadmuxv1.ConversicaOptions{Year: "2024", BdcRep: &leadmuxv1.ConversicaRep{Name: "Robin Rep"}},
			Convertalk: &leadmuxv1.ConvertalkOptions{AgentId: "5a4db0c0ffee000000000a01"},
		}
		made, err := r.CreateLead(r.full, &leadmuxv1.CreateLeadRequest{
			Lead: &leadmuxv1.Lead{FirstName: "Ada", Email: "ada@example.com"}, Accounts: []string{"all", "bot", "plain"}, VendorOptions: both,
		})
		if err != nil {
			t.Fatal(err)
		}
		id := made.GetLead().GetLeadId()
		for account, want := range map[string]*leadmuxv1.VendorOptions{
			"all": {Conversica: both.GetConversica()}, "bot": {Convertalk: both.GetConvertalk()}, "plain": nil,
		} {
			if e := delivery.Engagement(r.read(id), account); !proto.Equal(e.GetVendorOptions(), want) {
				t.Errorf("at %s it has %v, want %v", account, e.GetVendorOptions(), want)
			}
		}
		r.updated(&leadmuxv1.Lead{LeadId: id, FirstName: "Grace"}, "first_name")
		if e := r.all.last().in.Engagement; !proto.Equal(e.GetVendorOptions().GetConversica(), both.GetConversica()) {
			t.Errorf("the update went out with %v", e.GetVendorOptions())
		}
		if _, err := r.end(id, "all"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		again, err := r.engage(id, "all")
		if e := delivery.Engagement(again, "all"); err != nil || e.GetVendorOptions() != nil || len(e.GetClosed()) != 1 {
			t.Errorf("engaged anew as %v, %v", e, err)
		}
	})
}

// An update is known by its meaning, like a create; so is every request by its set of accounts.
func TestP4AnUpdateIsRememberedByItsMeaning(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "all").GetLeadId()
		request := func() *leadmuxv1.UpdateLeadRequest {
			return &leadmuxv1.UpdateLeadRequest{
				RequestId: "req-1", UpdateMask: mask("phone", "owner.email", "first_name"),
				Lead: &leadmuxv1.Lead{
					LeadId: id, FirstName: "Grace", Phone: "+14155550177", Owner: &leadmuxv1.Owner{Email: "robin@example.com"},
				},
			}
		}
		if _, err := r.UpdateLead(r.full, request()); err != nil {
			t.Fatal(err)
		}
		sent := r.all.seen()
		for name, change := range map[string]func(*leadmuxv1.UpdateLeadRequest){
			"as it was":            func(*leadmuxv1.UpdateLeadRequest) {},
			"the phone as dialled": func(q *leadmuxv1.UpdateLeadRequest) { q.Lead.Phone = "(415) 555-0177" },
			"blanks":               func(q *leadmuxv1.UpdateLeadRequest) { q.Lead.FirstName = " Grace " },
			"another order":        func(q *leadmuxv1.UpdateLeadRequest) { q.UpdateMask = mask("owner.email", "first_name", "phone") },
			"a path twice": func(q *leadmuxv1.UpdateLeadRequest) {
				q.UpdateMask = mask("phone", "owner.email", "first_name", "phone")
			},
			"what no path names":    func(q *leadmuxv1.UpdateLeadRequest) { q.Lead.LastName, q.Lead.Owner.Team = "Hopper", "x" },
			"another wait":          func(q *leadmuxv1.UpdateLeadRequest) { q.Wait = seconds(0) },
			"what only we set":      func(q *leadmuxv1.UpdateLeadRequest) { q.Lead.Warnings = []*leadmuxv1.Warning{{Code: "x"}} },
			"a path of what we set": func(q *leadmuxv1.UpdateLeadRequest) { q.UpdateMask.Paths = append(q.UpdateMask.Paths, "update_time") },
		} {
			again := request()
			change(again)
			if _, err := r.UpdateLead(r.full, again); err != nil || r.all.seen() != sent {
				t.Errorf("%s: %v, %d sent", name, err, r.all.seen()-sent)
			}
		}
		for name, change := range map[string]func(*leadmuxv1.UpdateLeadRequest){
			"another value": func(q *leadmuxv1.UpdateLeadRequest) { q.Lead.Phone = "+14155550178" },
			"one path less": func(q *leadmuxv1.UpdateLeadRequest) { q.UpdateMask = mask("phone", "owner.email") },
			"by an etag":    func(q *leadmuxv1.UpdateLeadRequest) { q.Lead.Etag = "x" },
		} {
			other := request()
			change(other)
			_, err := r.UpdateLead(r.full, other)
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
		}
	})
}

func TestP4AccountsAreASet(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "all", "plain").GetLeadId()
		for _, accounts := range [][]string{{"all", "plain"}, {"plain", "all"}, {"plain", "all", "plain"}} {
			_, err := r.EndConversation(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: accounts, RequestId: "req-1"})
			if err != nil {
				t.Errorf("%v: %v", accounts, err)
			}
		}
		_, err := r.EndConversation(r.full, &leadmuxv1.EndConversationRequest{LeadId: id, Accounts: []string{"all"}, RequestId: "req-1"})
		refused(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED", "request_id")
	})
}

func mask(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
