package conversica

import (
	"cmp"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// apiVersion is the version of the vendor's API whose keys these are.
const apiVersion = "7.2"

// dateLayout is RFC 3339 with a numeric offset even in UTC, the form of the vendor's samples.
const dateLayout = "2006-01-02T15:04:05-07:00"

// lead is the vendor's Lead object. Strings only, IDs and year included, and what is unknown is left out: integrators found
// numbers and null refused. The booleans are pointers, since false says something.
type lead struct {
	APIVersion     string `json:"apiVersion"`
	ID             string `json:"id,omitempty"`
	ClientID       string `json:"clientId,omitempty"`
	ConversationID string `json:"conversationId,omitempty"`
	FirstName      string `json:"firstName,omitempty"`
	LastName       string `json:"lastName,omitempty"`
	Email          string `json:"email,omitempty"`
	CellPhone      string `json:"cellPhone,omitempty"`
	HomePhone      string `json:"homePhone,omitempty"`
	WorkPhone      string `json:"workPhone,omitempty"`
	Address        string `json:"address,omitempty"`
	City           string `json:"city,omitempty"`
	State          string `json:"state,omitempty"`
	Zip            string `json:"zip,omitempty"`
	LeadSource     string `json:"leadSource,omitempty"`
	LeadStatus     string `json:"leadStatus,omitempty"`
	LeadType       string `json:"leadType,omitempty"`
	Date           string `json:"date,omitempty"`
	RepID          string `json:"repId,omitempty"`
	RepName        string `json:"repName,omitempty"`
	RepEmail       string `json:"repEmail,omitempty"`
	OptOut         *bool  `json:"optOut,omitempty"`
	SMSOptIn       *bool  `json:"smsOptIn,omitempty"`
	SMSOptOut      *bool  `json:"smsOptOut,omitempty"`
	StopMessaging  *bool  `json:"stopMessaging,omitempty"`
	SkipToFollowup *bool  `json:"skipToFollowup,omitempty"`
	automotive
}

// automotive are the keys that only an automotive assistant reads.
type automotive struct {
	LeadSubStatus     string `json:"leadSubStatus,omitempty"`
	AppointmentStatus string `json:"appointmentStatus,omitempty"`
	AppointmentDate   string `json:"appointmentDate,omitempty"`
	BDCRepID          string `json:"bdcRepId,omitempty"`
	BDCRepName        string `json:"bdcRepName,omitempty"`
	BDCRepEmail       string `json:"bdcRepEmail,omitempty"`
	ServiceRepID      string `json:"serviceRepId,omitempty"`
	ServiceRepName    string `json:"serviceRepName,omitempty"`
	ServiceRepEmail   string `json:"serviceRepEmail,omitempty"`
	Year              string `json:"year,omitempty"`
	Make              string `json:"make,omitempty"`
	Model             string `json:"model,omitempty"`
	VIN               string `json:"vin,omitempty"`
}

// public are the keys whose values a preview may show.
var public = map[string]bool{
	"apiVersion": true, "id": true, "clientId": true, "conversationId": true, "leadSource": true, "leadStatus": true,
	"leadType": true, "date": true, "repId": true, "leadSubStatus": true, "appointmentStatus": true, "appointmentDate": true,
	"bdcRepId": true, "serviceRepId": true, "year": true, "make": true, "model": true,
}

// body is the lead in the vendor's terms. Whether an update that leaves a key out clears it is not documented, so every
// request carries all we know.
func (a *Adapter) body(l *leadmuxv1.Lead, o *leadmuxv1.ConversicaOptions) lead {
	address, owner := l.GetAddress(), l.GetOwner()
	b := lead{
		APIVersion:     apiVersion,
		ID:             l.GetLeadId(),
		ClientID:       a.cfg.ClientID,
		ConversationID: cmp.Or(o.GetConversationId(), a.cfg.ConversationID),
		FirstName:      strings.TrimSpace(l.GetFirstName()),
		LastName:       l.GetLastName(),
		Email:          strings.TrimSpace(l.GetEmail()),
		CellPhone:      l.GetPhone(),
		HomePhone:      l.GetHomePhone(),
		WorkPhone:      l.GetWorkPhone(),
		Address:        address.GetStreet(),
		City:           address.GetCity(),
		State:          address.GetRegion(),
		Zip:            address.GetPostalCode(),
		LeadSource:     cmp.Or(strings.TrimSpace(l.GetSource()), a.cfg.LeadSource),
		LeadStatus:     l.GetStatus(),
		LeadType:       l.GetType(),
		Date:           date(l.GetSourceCreateTime()),
		RepID:          owner.GetOwnerId(),
		RepName:        cmp.Or(ownerName(owner), a.cfg.RepName),
		RepEmail:       owner.GetEmail(),
		OptOut:         optOut(l.GetConsent()),
		automotive:     automotiveOf(o),
	}
	b.SMSOptIn, b.SMSOptOut = smsConsent(l.GetConsent().GetSms().GetState())
	return b
}

func automotiveOf(o *leadmuxv1.ConversicaOptions) automotive {
	return automotive{
		LeadSubStatus:     o.GetLeadSubStatus(),
		AppointmentStatus: o.GetAppointmentStatus(),
		AppointmentDate:   date(o.GetAppointmentTime()),
		BDCRepID:          o.GetBdcRep().GetId(),
		BDCRepName:        o.GetBdcRep().GetName(),
		BDCRepEmail:       o.GetBdcRep().GetEmail(),
		ServiceRepID:      o.GetServiceRep().GetId(),
		ServiceRepName:    o.GetServiceRep().GetName(),
		ServiceRepEmail:   o.GetServiceRep().GetEmail(),
		Year:              o.GetYear(),
		Make:              o.GetMake(),
		Model:             o.GetModel(),
		VIN:               o.GetVin(),
	}
}

func ownerName(o *leadmuxv1.Owner) string {
	return strings.TrimSpace(strings.TrimSpace(o.GetFirstName()) + " " + strings.TrimSpace(o.GetLastName()))
}

func date(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().In(time.UTC).Format(dateLayout)
}

// missing names the fields without which Conversica refuses the lead, and what to do.
func (l lead) missing() []*leadmuxv1.FieldViolation {
	var missing []*leadmuxv1.FieldViolation
	for _, need := range []struct{ value, field, what string }{
		{l.FirstName, "lead.first_name", "Conversica requires a first name"},
		{l.Email, "lead.email", "Conversica requires an e-mail address"},
		{l.LeadSource, "lead.source", "Conversica requires a source; give one, or set lead_source of the account"},
		{l.RepName, "lead.owner", "Conversica requires a representative's name; give the owner's first_name or last_name, " +
			"or set rep_name of the account"},
	} {
		if need.value == "" {
			missing = append(missing, &leadmuxv1.FieldViolation{Field: need.field, Description: need.what})
		}
	}
	return missing
}
