package conversica

import (
	"slices"
	"time"
)

// timeLayout is the form of the vendor's dates: RFC 3339 with a numeric offset,
// also in UTC.
const timeLayout = "2006-01-02T15:04:05-07:00"

// Stages of a conversation.
const (
	StagePreparing         = "Preparing Lead"
	StageMessaging         = "Messaging"
	StageExcluded          = "Excluded"
	StageUnworkable        = "Unworkable"
	StageLeadStopped       = "Lead Stopped"
	StageClientStopped     = "Client Stopped"
	StageConversicaStopped = "Conversica Stopped"
)

// Statuses of a conversation that the emulator itself decides by.
const (
	StatusListening        = "Listening"
	StatusMessageScheduled = "Message Scheduled"
)

// State is what the vendor has found out about a lead, under the keys of its
// Lead Update callback. Each thing the vendor dates has its date beside it.
type State struct {
	DateAdded              string `json:"dateAdded,omitempty"`
	FirstMessageDate       string `json:"firstMessageDate,omitempty"`
	LastMessageDate        string `json:"lastMessageDate,omitempty"`
	LastResponseDate       string `json:"lastResponseDate,omitempty"`
	HotLead                bool   `json:"hotLead,omitempty"`
	HotLeadDate            string `json:"hotLeadDate,omitempty"`
	LeadAtRisk             bool   `json:"leadAtRisk,omitempty"`
	LeadAtRiskDate         string `json:"leadAtRiskDate,omitempty"`
	ActionRequired         bool   `json:"actionRequired,omitempty"`
	ActionRequiredDate     string `json:"actionRequiredDate,omitempty"`
	DiscoveredPhone1       string `json:"discoveredPhone1,omitempty"`
	DiscoveredPhone2       string `json:"discoveredPhone2,omitempty"`
	DiscoveredEmail1       string `json:"discoveredEmail1,omitempty"`
	DiscoveredEmail2       string `json:"discoveredEmail2,omitempty"`
	LeadStatus             string `json:"leadStatus,omitempty"`
	LeadStatusDate         string `json:"leadStatusDate,omitempty"`
	ConversationStage      string `json:"conversationStage,omitempty"`
	ConversationStageDate  string `json:"conversationStageDate,omitempty"`
	ConversationStatus     string `json:"conversationStatus,omitempty"`
	ConversationStatusDate string `json:"conversationStatusDate,omitempty"`
	DoNotEmail             bool   `json:"doNotEmail,omitempty"`
	SMSOptIn               bool   `json:"smsOptIn,omitempty"`
	SMSOptOut              bool   `json:"smsOptOut,omitempty"`
}

// move puts the conversation into a stage and status; each has a date of its
// own, and only what changes is dated anew.
func (s *State) move(stage, status string, at time.Time) {
	if s.ConversationStage != stage {
		s.ConversationStage, s.ConversationStageDate = stage, date(at)
	}
	s.ConversationStatus, s.ConversationStatusDate = status, date(at)
}

// rate sets the lead status.
func (s *State) rate(status string, at time.Time) {
	s.LeadStatus, s.LeadStatusDate = status, date(at)
}

// sent notes a message of the assistant.
func (s *State) sent(at time.Time) {
	if s.FirstMessageDate == "" {
		s.FirstMessageDate = date(at)
	}
	s.LastMessageDate = date(at)
}

// discover notes a phone or address found in a reply: the first free of two
// places, or the second once both are taken (assumed).
func (s *State) discover(phone, email string) {
	keep := func(value string, first, second *string) {
		switch {
		case value == "" || value == *first || value == *second:
		case *first == "":
			*first = value
		default:
			*second = value
		}
	}
	keep(phone, &s.DiscoveredPhone1, &s.DiscoveredPhone2)
	keep(email, &s.DiscoveredEmail1, &s.DiscoveredEmail2)
}

// messaging tells whether the assistant may still write: every stage but these
// two is terminal, except that a lead listened to can come back by replying.
func (s *State) messaging() bool {
	return slices.Contains([]string{StagePreparing, StageMessaging}, s.ConversationStage)
}

// listening tells whether a reply would take the conversation up again.
func (s *State) listening() bool {
	return s.ConversationStage == StageConversicaStopped && s.ConversationStatus == StatusListening
}

// date writes a time as the vendor does.
func date(at time.Time) string { return at.UTC().Format(timeLayout) }
