package conversica

import (
	"encoding/json"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// readLead reads a lead update: what has changed, each thing with a date of its own. Each becomes an event, so that each is merged by its
// own date. What holds nothing that is known becomes one event all the same.
func readLead(raw []byte) []adapters.VendorEvent {
	c, ok := parse(raw)
	if !ok {
		return unread(kindLead, raw)
	}
	var events []adapters.VendorEvent
	for _, part := range []func(callback) []adapters.VendorEvent{stage, status, flags, discovered, optOuts} {
		events = append(events, part(c)...)
	}
	if len(events) == 0 {
		said := c.event(kindLead)
		said.Event = &leadmuxv1.Event{Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: "Lead Update"}}}
		events = append(events, said)
	}
	body := canonical(c)
	for i := range events { // one callback makes several events: each part of it has a key of its own
		events[i].Key = kindLead + "\x00" + events[i].Event.GetType() + "\x00" + events[i].Key + "\x00" + body
	}
	return events
}

// canonical is the body with its keys in order and without blanks, so that the same update sent again is the same.
func canonical(c callback) string {
	var values map[string]any
	raw, err := json.Marshal(c)
	if err != nil || json.Unmarshal(raw, &values) != nil {
		return ""
	}
	ordered, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return string(ordered)
}

// stages are the stages of a conversation that mean something for the engagement, and the statuses within one that mean something else.
var stages = map[string]struct {
	state leadmuxv1.EngagementState
	but   map[string]leadmuxv1.EngagementState
}{
	"Preparing Lead":     {state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE},
	"Messaging":          {state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE},
	"Excluded":           {state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED},
	"Unworkable":         {state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED},
	"Client Stopped":     {state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED},
	"Conversica Stopped": {state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED},
	stageLeadStopped: {
		state: leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT,
		but: map[string]leadmuxv1.EngagementState{
			"No Longer at Company": leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED,
		},
	},
}

const stageLeadStopped = "Lead Stopped"

// stage is where the conversation stands.
func stage(c callback) []adapters.VendorEvent {
	name, within := c.text("conversationStage"), c.text("conversationStatus")
	if name == "" && within == "" {
		return nil
	}
	said := c.event("stage")
	said.Clock = "stage"
	said.VendorStatus = adapters.Clip(name, maxWord)
	if within != "" {
		said.VendorStatus = adapters.Clip(within, maxWord)
	}
	known, ok := stages[name]
	said.UnknownStatus = !ok && name != ""
	said.State = known.state
	if state, other := known.but[within]; other {
		said.State = state
	}
	if said.State == leadmuxv1.EngagementState_ENGAGEMENT_STATE_OPTED_OUT {
		said.OptOut = &adapters.OptOut{Evidence: adapters.Clip(name+": "+within, maxWord)}
	}
	at := c.moment("conversationStageDate")
	if other := c.moment("conversationStatusDate"); at == nil || other != nil && other.AsTime().After(at.AsTime()) {
		at = other
	}
	said.Event = &leadmuxv1.Event{Type: "lead.engagement_changed", VendorTime: at}
	return []adapters.VendorEvent{said}
}

// statuses are the vendor's judgements of a lead, and those of them that end the engagement here.
var statuses = map[string]leadmuxv1.EngagementState{
	"Hot Lead":          leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED,
	"Satisfied":         leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED,
	"Satisfied (New)":   leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED,
	"Disqualified":      leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED,
	"Lead to Review":    leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED,
	"Further Action":    leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED,
	"No Further Action": leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED,
}

// status is the vendor's judgement of the lead.
func status(c callback) []adapters.VendorEvent {
	word := c.text("leadStatus")
	if word == "" {
		return nil
	}
	said := c.event("status")
	said.Clock = "status"
	said.VendorStatus = adapters.Clip(word, maxWord)
	state, known := statuses[word]
	said.State, said.UnknownStatus = state, !known
	switch state {
	case leadmuxv1.EngagementState_ENGAGEMENT_STATE_QUALIFIED:
		said.Outcome = &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Qualified{Qualified: true}, Reason: said.VendorStatus}
	case leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNQUALIFIED:
		said.Outcome = &leadmuxv1.Outcome{Result: &leadmuxv1.Outcome_Unqualified{Unqualified: true}, Reason: said.VendorStatus}
	default:
	}
	said.Event = &leadmuxv1.Event{Type: "lead.engagement_changed", VendorTime: c.moment("leadStatusDate")}
	return []adapters.VendorEvent{said}
}

// flags are what the vendor wants a person to notice.
func flags(c callback) []adapters.VendorEvent {
	var events []adapters.VendorEvent
	for _, flag := range []struct {
		key  string
		kind leadmuxv1.LeadFlagKind
	}{
		{"hotLead", leadmuxv1.LeadFlagKind_LEAD_FLAG_KIND_HOT},
		{"leadAtRisk", leadmuxv1.LeadFlagKind_LEAD_FLAG_KIND_AT_RISK},
		{"actionRequired", leadmuxv1.LeadFlagKind_LEAD_FLAG_KIND_ACTION_REQUIRED},
	} {
		set, raised := c.is(flag.key)
		if !set {
			continue
		}
		said, at := c.event(flag.key), c.moment(flag.key+"Date")
		said.Event = &leadmuxv1.Event{Type: "lead.flag", VendorTime: at, Detail: &leadmuxv1.Event_Flag{
			Flag: &leadmuxv1.LeadFlag{Kind: flag.kind, Raised: raised, Time: at},
		}}
		events = append(events, said)
	}
	return events
}

// discovered are ways to reach the person that stood in replies. The lead takes the first it has no place filled for.
func discovered(c callback) []adapters.VendorEvent {
	found := &leadmuxv1.ContactDiscovered{}
	for _, key := range []string{"discoveredPhone1", "discoveredPhone2"} {
		if number := adapters.Phone(c.text(key), homeRegion); number != "" && !slices.Contains(found.GetPhones(), number) {
			found.Phones = append(found.Phones, number)
		}
	}
	for _, key := range []string{"discoveredEmail1", "discoveredEmail2"} {
		if address := adapters.Email(c.text(key)); address != "" && !slices.Contains(found.GetEmails(), address) {
			found.Emails = append(found.Emails, address)
		}
	}
	if len(found.GetPhones())+len(found.GetEmails()) == 0 {
		return nil
	}
	said := c.event("discovered")
	said.Event = &leadmuxv1.Event{Type: "lead.contact_discovered", Detail: &leadmuxv1.Event_ContactDiscovered{ContactDiscovered: found}}
	return []adapters.VendorEvent{said}
}

// homeRegion is where a number without country code is from: the vendor's samples are ten digits of the United States (inferred).
const homeRegion = "US"

// optOuts are refusals of one channel. They have no date. An opt-in is kept as it came and lifts nothing: only a person's word to you does.
func optOuts(c callback) []adapters.VendorEvent {
	var events []adapters.VendorEvent
	for _, refusal := range []struct {
		key    string
		optOut adapters.OptOut
	}{
		{"doNotEmail", adapters.OptOut{Email: true, Evidence: "doNotEmail"}},
		{"smsOptOut", adapters.OptOut{SMS: true, Evidence: "smsOptOut"}},
		{"smsOptIn", adapters.OptOut{}},
	} {
		set, on := c.is(refusal.key)
		if !set || !on {
			continue
		}
		said := c.event(refusal.key)
		said.Event = &leadmuxv1.Event{Type: "vendor.other", Detail: &leadmuxv1.Event_Other{Other: &leadmuxv1.VendorOther{Title: refusal.key}}}
		if refusal.optOut.Evidence != "" {
			said.OptOut = &refusal.optOut
		}
		events = append(events, said)
	}
	return events
}
