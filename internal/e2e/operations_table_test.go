package e2e_test

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// operation is an RPC on a running conversation, as docs/ENGAGEMENT-STATES.md and docs/CAPABILITIES.md name it.
type operation struct {
	rpc string
	// request asks for it at one account, which UpdateLead does not name.
	request func(lead *leadmuxv1.Lead, account string) proto.Message
	// after is the engagement's state once the vendor did it.
	after string
	// told is what the vendor's record says then; a vendor that is not in it has no such operation.
	told map[string]told
}

// told is what a vendor's record holds after an operation.
type told struct {
	name     string // first and last name
	says     string // of the conversation, in the vendor's words
	contacts string // names of the campaign contacts at UJET, joined
}

// newName is what UpdateLead makes of the first name of an invented person.
const newName = "Augusta"

// renamed is the whole name after it.
func renamed(lead *leadmuxv1.Lead) string { return newName + " " + lead.GetLastName() }

const (
	keepsName = "%keeps"
	newWhole  = "%new"
)

var (
	updateLead = operation{
		rpc: "UpdateLead", after: "ACTIVE",
		request: func(lead *leadmuxv1.Lead, _ string) proto.Message {
			return &leadmuxv1.UpdateLeadRequest{
				Lead: &leadmuxv1.Lead{LeadId: lead.GetLeadId(), FirstName: newName}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"first_name"}},
			}
		},
		told: map[string]told{
			harness.Conversica: {name: newWhole},
			harness.Convertalk: {name: newWhole, says: "OPEN"},
			harness.UJET:       {name: newWhole, contacts: newWhole},
		},
	}
	endConversation = operation{
		rpc: "EndConversation", after: "QUALIFIED",
		request: func(lead *leadmuxv1.Lead, account string) proto.Message {
			return &leadmuxv1.EndConversationRequest{LeadId: lead.GetLeadId(), Accounts: []string{account}}
		},
		told: map[string]told{
			harness.Conversica: {name: keepsName, says: `leadStatus="Qualified" stopMessaging=true`},
			harness.Convertalk: {name: keepsName, says: "CLOSED"},
			harness.UJET:       {name: keepsName},
			harness.Verse:      {name: keepsName, says: "qualified"},
		},
	}
	stopConversation = operation{
		rpc: "StopConversation", after: "UNQUALIFIED",
		request: func(lead *leadmuxv1.Lead, account string) proto.Message {
			return &leadmuxv1.StopConversationRequest{LeadId: lead.GetLeadId(), Accounts: []string{account}}
		},
		told: map[string]told{
			harness.Conversica: {name: keepsName, says: "stopMessaging=true"},
			harness.Convertalk: {name: keepsName, says: "CLOSED"},
			harness.UJET:       {name: keepsName},
			harness.Verse:      {name: keepsName, says: "unqualified"},
		},
	}
	deferConversation = operation{
		rpc: "DeferConversation", after: "ACTIVE",
		request: func(lead *leadmuxv1.Lead, account string) proto.Message {
			return &leadmuxv1.DeferConversationRequest{LeadId: lead.GetLeadId(), Accounts: []string{account}}
		},
		told: map[string]told{
			harness.Conversica: {name: keepsName, says: "skipToFollowup=true"},
			harness.Convertalk: {name: keepsName, says: "ONHOLD"},
		},
	}
	optOutLead = operation{
		rpc: "OptOutLead", after: "OPTED_OUT",
		request: func(lead *leadmuxv1.Lead, account string) proto.Message {
			return &leadmuxv1.OptOutLeadRequest{LeadId: lead.GetLeadId(), Accounts: []string{account}}
		},
		told: map[string]told{
			harness.Conversica: {name: keepsName, says: "stopMessaging=true optOut=true smsOptOut=true"},
			harness.Convertalk: {name: keepsName, says: "CLOSED"},
			harness.UJET:       {name: keepsName},
			harness.Verse:      {name: keepsName, says: "unqualified"},
		},
	}
	operations = []operation{updateLead, endConversation, stopConversation, deferConversation}
)

// opOutcome is one row of the second table of docs/ENGAGEMENT-STATES.md: what becomes of an ACTIVE engagement when the vendor
// misbehaves at an operation.
type opOutcome struct {
	fault   fault
	rpcs    []string // nil: all that the vendor has
	vendors []string
	state   string // after the attempt, without its prefix; empty: the one that the operation leads to
	reason  string // of the engagement's error; empty for none
	follows follows
}

const (
	opComes  follows = "The answer is awaited, longer than the caller waits."
	opAgain  follows = "Sent again on the schedule."
	opUpsert follows = "It may have been done. Sent again, because to do it twice changes nothing."
	opDone   follows = "It may have been done. Sent again; that Verse then has no such conversation shows that it was."
	opAnew   follows = "It may have been done. Sent again: it had not been, so it is done now."
	opFinal  follows = "Final for this operation, and nothing more is sent. The conversation goes on, and the same call can be made again."
	opStops  follows = "Final for this operation; the conversation goes on. The account is stopped: later operations wait, `ACCOUNT_STOPPED`, until a good TestAccount."
	opGone   follows = "Done: who is not in the campaign has left it."
	opStray  follows = "Kept here; the warning `UPDATE_NOT_SENT` says that the campaign was not told."
)

// Faults that only an operation on a running conversation meets, or that read otherwise there.
const (
	doesNot    fault = "answers 500 and has not done it"
	doesFails  fault = "does it and answers 500"
	doesLost   fault = "does it and breaks the connection without an answer"
	doesHalf   fault = "does it and sends half of its answer"
	doesNotSay fault = "answers 200 with an HTML page and has not done it"
	forbidden  fault = "answers 403"
	noToken    fault = "answers 403 `Missing Authentication Token`"
	conflicts  fault = "answers 409"
	notFound   fault = "answers 404"
	noLead     fault = "answers 404 `Resource Not Found`"
	otherGone  fault = "answers 404 with another text"
	saysNo     fault = "answers 200 with `success: false` and code 400"
	tooSoon    fault = "answers 400: the same person again too soon"
	noContact  fault = "does not have the person in the campaign any more"
)

var opPlans = map[fault][]kit.Fault{
	doesNot:    plans[failsFirst],
	doesFails:  plans[failsAfter],
	doesLost:   plans[lost],
	doesHalf:   plans[halfBody],
	doesNotSay: plans[html],
	forbidden:  {{Status: 403, Body: `{"message":"Forbidden"}`, Count: -1}},
	noToken:    {{Status: 403, Body: `{"message":"Missing Authentication Token"}`, Count: -1}},
	conflicts:  plans[stranger],
	notFound:   plans[noPath],
	noLead:     {{Status: 404, Body: `{"message":"Resource Not Found"}`, Count: -1}},
	otherGone:  plans[noPath],
	saysNo:     {{Status: 200, Body: `{"success":false,"message":"Bad Request","code":400,"data":["status is wrong"]}`, Count: -1}},
	tooSoon:    {{Status: 400, Body: `{"message":"Duplicate request: Please wait for the interval to expire"}`, Count: -1}},
	noContact:  {{Path: "/outbound_dialer/campaigns/1/contact", Exact: true, Status: 404, Count: -1}, {Method: "GET", Status: 200, Body: "[]", Count: -1}},
}

var (
	ends       = []string{"EndConversation", "StopConversation"}
	onlyUpdate = []string{"UpdateLead"}
	onlyUJET   = []string{harness.UJET}
	onlyTalk   = []string{harness.Convertalk}
)

// opOutcomes is the one table for operations on a running conversation.
var opOutcomes = []opOutcome{
	{down, nil, allFour, "ACTIVE", "VENDOR_UNAVAILABLE", opAgain},
	{slow, nil, allFour, "ACTIVE", "", opComes},
	{silent, nil, notVerse, "ACTIVE", "VENDOR_TIMEOUT", opUpsert},
	{silent, nil, onlyVerse, "ACTIVE", "VENDOR_TIMEOUT", opAnew},
	{doesLost, nil, notVerse, "ACTIVE", "VENDOR_UNAVAILABLE", opUpsert},
	{doesLost, nil, onlyVerse, "ACTIVE", "VENDOR_UNAVAILABLE", opDone},
	{limited, nil, allFour, "ACTIVE", "VENDOR_RATE_LIMITED", opAgain},
	{tooSoon, onlyUpdate, onlyUJET, "ACTIVE", "VENDOR_RATE_LIMITED", opAgain},
	{doesNot, nil, notVerse, "ACTIVE", "VENDOR_UNAVAILABLE", opUpsert},
	{doesNot, nil, onlyVerse, "ACTIVE", "VENDOR_UNAVAILABLE", opAnew},
	{doesFails, nil, notVerse, "ACTIVE", "VENDOR_UNAVAILABLE", opUpsert},
	{doesFails, nil, onlyVerse, "ACTIVE", "VENDOR_UNAVAILABLE", opDone},
	{doesHalf, nil, notVerse, "ACTIVE", "VENDOR_ANSWER_UNREADABLE", opUpsert},
	{doesHalf, nil, onlyVerse, "ACTIVE", "VENDOR_ANSWER_UNREADABLE", opDone},
	{doesNotSay, nil, notVerse, "ACTIVE", "VENDOR_ANSWER_UNREADABLE", opUpsert},
	{doesNotSay, nil, onlyVerse, "ACTIVE", "VENDOR_ANSWER_UNREADABLE", opAnew},
	{password, nil, allFour, "ACTIVE", "VENDOR_CREDENTIALS_REFUSED", opStops},
	{forbidden, nil, allFour, "ACTIVE", "VENDOR_CREDENTIALS_REFUSED", opStops},
	{noToken, nil, onlyVerse, "ACTIVE", "VENDOR_NOT_FOUND", opFinal},
	{refuses, nil, allFour, "ACTIVE", "VENDOR_REFUSED", opFinal},
	{saysNo, nil, onlyTalk, "ACTIVE", "VENDOR_REFUSED", opFinal},
	{conflicts, nil, allFour, "ACTIVE", "DUPLICATE_AT_VENDOR", opFinal},
	{notFound, nil, onlyVerse, "ACTIVE", "VENDOR_NOT_FOUND", opFinal},
	{notFound, nil, notVerse, "ACTIVE", "VENDOR_ROUTE_UNKNOWN", opStops},
	{noContact, ends, onlyUJET, "", "", opGone},
	{noContact, onlyUpdate, onlyUJET, "ACTIVE", "", opStray},
}

// of says whether the row is about an operation at a vendor.
func (o opOutcome) of(op operation, vendor string) bool {
	_, has := op.told[vendor]
	return has && slices.Contains(o.vendors, vendor) && (o.rpcs == nil || slices.Contains(o.rpcs, op.rpc))
}

// row is the outcome as a row of the document's second table.
func (o opOutcome) row() string {
	rpcs := "all it has"
	if o.rpcs != nil {
		rpcs = strings.Join(o.rpcs, ", ")
	}
	state := "as after success"
	if o.state != "" {
		state = "`" + o.state + "`"
	}
	reason := "–"
	if o.reason != "" {
		reason = "`" + o.reason + "`"
	}
	return "| " + strings.Join([]string{string(o.fault), rpcs, titles(o.vendors), state, reason, string(o.follows)}, " | ") + " |"
}
