package conversica

import (
	"maps"
	"slices"
	"time"
)

// turn is one thing that can happen in a conversation: what it does to the
// state, and the message that goes with it, if any.
type turn struct {
	// action is that of the Message callback, "sent" or "received"; empty for
	// no message.
	action string
	// text is the message's body unless the control call brings one.
	text string
	// over says that it may happen when the assistant no longer writes.
	over bool
	// do changes the state.
	do func(s *State, at time.Time)
}

// moves makes a turn that moves the conversation and nothing else.
func moves(stage, status string) turn {
	return turn{do: func(s *State, at time.Time) { s.move(stage, status, at) }}
}

// rates makes a turn that sets the lead status and nothing else. It may come
// after the conversation's end.
func rates(status string) turn {
	return turn{over: true, do: func(s *State, at time.Time) { s.rate(status, at) }}
}

// script is what a conversation that goes well does, turn by turn. The vendor
// publishes the stages; that they come in this order is assumed.
var script = []string{"added", "scheduled", "messaged", "replied", "hot", "followed_up", "complete"}

// turns are all things that can happen, by the name the control call has for
// each. The statuses are the vendor's; which keys change together is assumed.
var turns = map[string]turn{
	"added": {do: func(s *State, at time.Time) {
		if s.DateAdded == "" {
			s.DateAdded = date(at)
		}
		s.move(StagePreparing, StagePreparing, at)
	}},
	"scheduled": moves(StagePreparing, "First Message Schedule"),
	"messaged": {action: actionSent, text: "Hello, shall I find a time for you?", do: func(s *State, at time.Time) {
		s.sent(at)
		s.move(StageMessaging, "Sent Message", at)
	}},
	"replied": {action: actionReceived, text: "Yes please.", do: func(s *State, at time.Time) {
		s.LastResponseDate = date(at)
		s.move(StageMessaging, "Received Response", at)
	}},
	"hot": {over: true, do: func(s *State, at time.Time) {
		s.HotLead, s.HotLeadDate = true, date(at)
		s.rate("Hot Lead", at)
	}},
	"followed_up": {action: actionSent, text: "Did my colleague reach you?", do: func(s *State, at time.Time) {
		s.sent(at)
		s.move(StageMessaging, "Sent Message", at)
	}},
	"complete": {do: func(s *State, at time.Time) {
		s.rate("Satisfied", at)
		s.move(StageConversicaStopped, "Conversation Complete", at)
	}},

	"out_of_office":     moves(StageMessaging, "Out of Office"),
	"checking_back":     moves(StageMessaging, "Checking Back Later"),
	"message_scheduled": moves(StageMessaging, StatusMessageScheduled),
	"listening":         moves(StageConversicaStopped, StatusListening),
	"pause_exceeded":    moves(StageConversicaStopped, "Pause Limit Exceeded"),
	"marked_sold":       moves(StageConversicaStopped, "Marked Sold"),
	"system_stopped":    moves(StageConversicaStopped, "System Stopped"),
	"excluded":          moves(StageExcluded, "Excluded (Rule)"),
	"no_rep":            moves(StageUnworkable, "No Rep Assignment"),
	"bounced":           moves(StageUnworkable, "Bounced"),
	"manager_stopped":   moves(StageClientStopped, "Manager Stopped"),
	"rep_stopped":       moves(StageClientStopped, "Rep Stopped"),
	"spam":              moves(StageLeadStopped, "Marked Spam"),
	"left_company":      moves(StageLeadStopped, "No Longer at Company"),
	"unsubscribed": {action: actionReceived, text: "Unsubscribe", do: func(s *State, at time.Time) {
		s.DoNotEmail, s.LastResponseDate = true, date(at)
		s.move(StageLeadStopped, "Unsubscribed", at)
	}},
	"requested_stop": {action: actionReceived, text: "STOP", do: func(s *State, at time.Time) {
		s.DoNotEmail, s.SMSOptIn, s.SMSOptOut, s.LastResponseDate = true, false, true, date(at)
		s.move(StageLeadStopped, "Lead Requested Stop", at)
	}},
	"sms_opt_in":  {over: true, do: func(s *State, _ time.Time) { s.SMSOptIn, s.SMSOptOut = true, false }},
	"sms_opt_out": {over: true, do: func(s *State, _ time.Time) { s.SMSOptIn, s.SMSOptOut = false, true }},

	"at_risk": {over: true, do: func(s *State, at time.Time) { s.LeadAtRisk, s.LeadAtRiskDate = true, date(at) }},
	"action_required": {over: true, do: func(s *State, at time.Time) {
		s.ActionRequired, s.ActionRequiredDate = true, date(at)
		s.rate("Lead to Review", at)
	}},
	"further_action":    rates("Further Action"),
	"disqualified":      rates("Disqualified"),
	"no_further_action": rates("No Further Action"),
	"rating_cleared":    rates("None"), // stands in the vendor's own sample
	"discovered":        {over: true, do: func(*State, time.Time) {}},
}

// turnNames are the names that the control call takes, ordered.
func turnNames() []string { return slices.Sorted(maps.Keys(turns)) }

// mayCome tells whether a turn can follow on the state.
func (t turn) mayCome(s *State) bool {
	return t.over || s.messaging() || s.listening() && t.action == actionReceived
}
