package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// TestOperations does everything that can be done with a lead at every vendor, over both transports, and looks into the
// vendors' ledgers. What it sees is then compared with what the service says that its accounts can do.
func TestOperations(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			env, seen := suite.Start(t, harness.Options{}), &exercise{made: map[cell]map[string]bool{}}
			everyOperation(t, env, via, seen)
			seen.compare(t, capabilities(t, env))
		})
	}
}

func everyOperation(t *testing.T, env *harness.Env, via harness.Via, seen *exercise) {
	t.Helper()
	for i, vendor := range allFour {
		w := &worker{env: env, client: env.Server.Client(via), seen: seen, vendor: vendor, next: 100 * i}
		t.Run(vendor, func(t *testing.T) {
			for _, op := range slices.Concat(operations, []operation{optOutLead}) {
				t.Run(op.rpc, func(t *testing.T) {
					if _, has := op.told[vendor]; has {
						w.does(t, op)
					} else {
						w.cannot(t, op)
					}
				})
			}
			t.Run("EngageLead", w.engagesAgain)
			t.Run("Reconsent", w.reconsents)
			t.Run("EraseLead", w.erases)
			t.Run("ListVendorLeads", w.lists)
			t.Run("TestAccount", func(t *testing.T) {
				w.noted(t, "TestAccount", func() {
					if tested := w.client.Test(t, vendor); !tested.GetOk() {
						t.Errorf("the test of the account says %v", tested)
					}
				})
			})
			if vendor == harness.UJET {
				t.Run("by ways around", w.waysAround)
			}
			if vendor == harness.Convertalk {
				t.Run("with a note", w.addsNote)
			}
		})
	}
}

// worker works with one vendor's leads.
type worker struct {
	env    *harness.Env
	client harness.Client
	seen   *exercise
	vendor string
	next   int // number of the next invented person
}

func (w *worker) at() *harness.Vendor { return w.env.Vendors.Get(w.vendor) }

// lead makes a lead that is ACTIVE at the vendor, at UJET in a campaign.
func (w *worker) lead(t *testing.T) *leadmuxv1.Lead {
	t.Helper()
	request := atOne(w.vendor, w.next)
	w.next++
	lead := w.client.Create(t, request)
	if states := harness.States(lead); states != w.vendor+"=ACTIVE" {
		t.Fatalf("the new lead is %s", states)
	}
	return lead
}

// atOne gives an invented person to one vendor, at UJET to a campaign of it.
func atOne(vendor string, n int) *leadmuxv1.CreateLeadRequest {
	request := createPerson(n)
	request.Accounts = []string{vendor}
	if vendor == harness.UJET {
		request.VendorOptions = &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: "1"}}
	}
	return request
}

// noted does something and notes the requests that it made at the vendor as those of an RPC.
func (w *worker) noted(t *testing.T, rpc string, do func()) []kit.Request {
	t.Helper()
	before := len(w.at().Requests(t))
	do()
	made := w.at().Requests(t)[before:]
	w.seen.note(cell{rpc, w.vendor}, made)
	return made
}

// does checks an operation that the vendor has: what is previewed is what is sent, and the vendor's record holds it.
func (w *worker) does(t *testing.T, op operation) {
	var lead *leadmuxv1.Lead
	w.noted(t, "CreateLead", func() { lead = w.lead(t) })
	shown := w.previewed(t, op, lead)
	made := w.noted(t, op.rpc, func() { lead = w.client.Change(t, "LeadService."+op.rpc, op.request(lead, w.vendor)) })
	if states := harness.States(lead); states != w.vendor+"="+op.after {
		t.Errorf("after %s the lead is %s", op.rpc, states)
	}
	if sent := asRoutes(made); !slices.Equal(sent, shown) {
		t.Errorf("sent was %v, and shown beforehand %v", sent, shown)
	}
	if untold := notTold(t, w.at(), op, lead); untold != "" {
		t.Error(untold)
	}
}

// previewed are the requests that validate_only shows, which sends nothing.
func (w *worker) previewed(t *testing.T, op operation, lead *leadmuxv1.Lead) []string {
	t.Helper()
	request := proto.Clone(op.request(lead, w.vendor))
	setField(request, "validate_only", protoreflect.ValueOfBool(true))
	before := len(w.at().Requests(t))
	var answer leadmuxv1.UpdateLeadResponse // all these answers look alike
	w.client.Must(t, "LeadService."+op.rpc, request, &answer)
	if sent := len(w.at().Requests(t)) - before; sent != 0 {
		t.Errorf("validate_only sent %d requests", sent)
	}
	if now := w.client.Get(t, lead.GetLeadId()); now.GetEtag() != lead.GetEtag() {
		t.Error("validate_only changed the lead")
	}
	var shown []string
	for _, r := range answer.GetVendorRequests() {
		u, err := url.Parse(strings.TrimPrefix(r.GetUrl(), w.at().BaseURL))
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, r.GetMethod()+" "+u.Path)
	}
	return shown
}

// notTold says what the vendor's record lacks after an operation, or has too much; empty when there is one that holds what the
// operation says.
func notTold(t *testing.T, v *harness.Vendor, op operation, lead *leadmuxv1.Lead) string {
	t.Helper()
	want := op.told[v.Name]
	fill := strings.NewReplacer(newWhole, renamed(lead), keepsName, harness.Person(0).GetFirstName()+" "+lead.GetLastName())
	records := v.Records(t, lead.GetEmail())
	if len(records) != 1 || records[0].Name != fill.Replace(want.name) || records[0].Says != want.says {
		return fmt.Sprintf("after %s %s has %+v, not %+v", op.rpc, v.Name, records, want)
	}
	if v.Name != harness.UJET {
		return ""
	}
	if contacts := strings.Join(v.Contacts(t, lead.GetEmail()), ", "); contacts != fill.Replace(want.contacts) {
		return fmt.Sprintf("after %s the campaign has %q", op.rpc, contacts)
	}
	return ""
}

// cannot checks an operation that the vendor lacks: it is refused where the account is named, and else a warning; nothing is sent.
func (w *worker) cannot(t *testing.T, op operation) {
	lead := w.lead(t)
	made := w.noted(t, op.rpc, func() {
		if op.rpc != "UpdateLead" { // which names no account
			w.refuses(t, op, lead)
		}
		unnamed := proto.Clone(op.request(lead, w.vendor))
		if field := unnamed.ProtoReflect().Descriptor().Fields().ByName("accounts"); field != nil {
			unnamed.ProtoReflect().Clear(field)
		}
		lead = w.client.Change(t, "LeadService."+op.rpc, unnamed)
	})
	lack := lacks[cell{op.rpc, w.vendor}]
	if e := harness.At(lead, w.vendor); !is(e, "ACTIVE", "") || len(made) != 0 || lack.warning == "" || !warned(e, lack.warning) {
		t.Errorf("%s: %s, warnings %v, %d requests", op.rpc, harness.State(e), e.GetWarnings(), len(made))
	}
}

func (w *worker) refuses(t *testing.T, op operation, lead *leadmuxv1.Lead) {
	t.Helper()
	answer := w.client.Try(t, "LeadService."+op.rpc, op.request(lead, w.vendor))
	if answer.Code != codes.Unimplemented || answer.Reason() != "CAPABILITY_NOT_SUPPORTED" || !lacks[cell{op.rpc, w.vendor}].refused {
		t.Errorf("%s of a vendor that has no such thing is answered %v %s", op.rpc, answer.Code, answer.Body)
	}
	if answer.Status != 0 && answer.Status != http.StatusNotImplemented {
		t.Errorf("HTTP status %d", answer.Status)
	}
	for _, d := range answer.Refusal().Details {
		for able := range strings.SplitSeq(d.Metadata["accounts"], ", ") {
			if _, has := op.told[able]; !has {
				t.Errorf("%s is said to have %s", able, op.rpc)
			}
		}
	}
}

// erases erases leads: UJET, which can delete a contact, is asked to, whether the contact is still there or not.
func (w *worker) erases(t *testing.T) {
	want, plans := "NO_DELETE", []fault{""}
	if _, lacking := lacks[cell{"EraseLead", w.vendor}]; !lacking {
		want, plans = "DELETED", []fault{"", noContact}
	}
	for _, plan := range plans {
		lead := w.lead(t)
		w.at().Plan(t, opPlans[plan]...)
		var out leadmuxv1.EraseLeadResponse
		made := w.noted(t, "EraseLead", func() {
			w.client.Must(t, "LeadService.EraseLead", &leadmuxv1.EraseLeadRequest{LeadId: lead.GetLeadId()}, &out)
		})
		w.at().Clear()
		for _, at := range out.GetReceipt().GetAccounts() {
			if got := strings.TrimPrefix(at.GetState().String(), "VENDOR_ERASURE_STATE_"); got != want || (len(made) > 0) != (want == "DELETED") {
				t.Errorf("%s after %d requests: %v", got, len(made), at)
			}
		}
	}
}

// lists reads the vendor's leads, where it can.
func (w *worker) lists(t *testing.T) {
	made := w.noted(t, "ListVendorLeads", func() {
		answer := w.client.Try(t, "LeadService.ListVendorLeads", &leadmuxv1.ListVendorLeadsRequest{Account: w.vendor})
		if lack, lacking := lacks[cell{"ListVendorLeads", w.vendor}]; lacking {
			if answer.Reason() != "CAPABILITY_NOT_SUPPORTED" || !lack.refused {
				t.Errorf("the answer is %s", answer.Body)
			}
			return
		}
		var page leadmuxv1.ListVendorLeadsResponse
		if err := protojson.Unmarshal(answer.Body, &page); err != nil || len(page.GetLeads()) == 0 {
			t.Errorf("the vendor's leads are %s", answer.Body)
		}
	})
	if _, lacking := lacks[cell{"ListVendorLeads", w.vendor}]; lacking && len(made) > 0 {
		t.Errorf("%d requests were made for nothing", len(made))
	}
}

// addsNote gives a lead at Convertalk a note, changes it, and opens it again after its end: the record is read first each time,
// and ends with the note once.
func (w *worker) addsNote(t *testing.T) {
	lead := w.lead(t)
	w.at().Agent(t, convertalk.Action{UUID: harness.At(lead, w.vendor).GetVendorLeadId(), Note: &convertalk.Note{Title: "theirs"}})
	for range 2 {
		w.noted(t, "UpdateLead", func() {
			lead = w.client.Change(t, "LeadService.UpdateLead", &leadmuxv1.UpdateLeadRequest{
				Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), Notes: []*leadmuxv1.Note{{Title: "ours"}}, Comment: lead.GetComment() + "x"},
			})
		})
	}
	w.client.Change(t, "LeadService.EndConversation", endConversation.request(lead, w.vendor))
	w.noted(t, "CreateLead", func() {
		w.client.Change(t, "LeadService.EngageLead", &leadmuxv1.EngageLeadRequest{LeadId: lead.GetLeadId(), Accounts: []string{w.vendor}})
	})
	if records := w.at().Records(t, lead.GetEmail()); len(records) != 1 || strings.Join(records[0].Notes, ", ") != "theirs, ours" {
		t.Errorf("Convertalk has %+v", records)
	}
}
