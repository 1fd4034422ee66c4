package service

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// normalise returns the lead as it is stored: blanks trimmed, phones in E.164, what only the service sets left out.
func (s *LeadService) normalise(given *leadmuxv1.Lead) (*leadmuxv1.Lead, error) {
	lead := proto.CloneOf(given)
	lead.LeadId, lead.Engagements, lead.CreateTime, lead.UpdateTime, lead.Etag, lead.Warnings = "", nil, nil, nil, "", nil
	for _, text := range lines(lead) {
		*text = strings.TrimSpace(*text)
	}
	if err := s.phones(lead); err != nil {
		return nil, err
	}
	if err := emails(lead); err != nil {
		return nil, err
	}
	if err := addresses(lead); err != nil {
		return nil, err
	}
	return lead, nil
}

// contactable refuses a lead that nobody can contact.
func contactable(lead *leadmuxv1.Lead) error {
	if lead.GetPhone() != "" || lead.GetEmail() != "" {
		return nil
	}
	const rule = "give a phone or an email: without one no vendor can contact the lead"
	return rpcerr.Invalid("lead.phone", rule).Field("lead.email", rule)
}

// lines are the fields of one line, where blanks at either end mean nothing. A field of nothing else is one that was left out.
func lines(lead *leadmuxv1.Lead) []*string {
	of := []*string{
		&lead.ExternalId, &lead.FirstName, &lead.LastName, &lead.Email, &lead.Phone, &lead.HomePhone, &lead.WorkPhone,
		&lead.Picture, &lead.Source, &lead.Type, &lead.Status,
	}
	if o := lead.GetOwner(); o != nil {
		of = append(of, &o.OwnerId, &o.FirstName, &o.LastName, &o.Email, &o.Phone, &o.Team, &o.BookingUrl)
	}
	return of
}

func (s *LeadService) phones(lead *leadmuxv1.Lead) error {
	fields := map[string]*string{"lead.phone": &lead.Phone, "lead.home_phone": &lead.HomePhone, "lead.work_phone": &lead.WorkPhone}
	if lead.GetOwner() != nil {
		fields["lead.owner.phone"] = &lead.Owner.Phone
	}
	for _, field := range []string{"lead.phone", "lead.home_phone", "lead.work_phone", "lead.owner.phone"} {
		value, ok := fields[field]
		if !ok || *value == "" {
			continue
		}
		e164, inPlan, err := s.phone(field, *value)
		if err != nil {
			return err
		}
		*value = e164
		if !inPlan {
			lead.Warnings = append(lead.Warnings, &leadmuxv1.Warning{
				Code: rpcerr.WarningName(leadmuxv1.WarningCode_WARNING_CODE_PHONE_NOT_IN_PLAN), Field: field,
				Message: "possible as a phone number, but not one that its country's numbering plan gives out",
			})
		}
	}
	return nil
}

// phone returns a number in E.164, and whether its country's numbering plan gives it out. One that can be dialled only within
// its own area is refused: without the area code it is another number in E.164.
// phone is phoneNumber within the service's own region.
func (s *LeadService) phone(field, value string) (string, bool, error) {
	return phoneNumber(field, value, s.cfg.Region)
}

func phoneNumber(field, value, region string) (string, bool, error) {
	number, err := phonenumbers.Parse(value, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return "", false, rpcerr.Invalid(field, "is no phone number; write it with country code, such as +14155550142, or as dialled within %s", region)
	}
	return phonenumbers.Format(number, phonenumbers.E164), phonenumbers.IsValidNumber(number), nil
}

func emails(lead *leadmuxv1.Lead) error {
	for _, of := range []struct{ field, value string }{
		{"lead.email", lead.GetEmail()}, {"lead.owner.email", lead.GetOwner().GetEmail()},
	} {
		if err := emailAddress(of.field, of.value); err != nil {
			return err
		}
	}
	return nil
}

// emailAddress refuses what is no plain address; empty is fine.
func emailAddress(field, value string) error {
	if value == "" {
		return nil
	}
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value || !strings.Contains(value[strings.LastIndexByte(value, '@')+1:], ".") {
		return rpcerr.Invalid(field, "is no e-mail address; write it as name@example.com, without a display name")
	}
	return nil
}

func addresses(lead *leadmuxv1.Lead) error {
	for _, of := range []struct{ field, value string }{
		{"lead.picture", lead.GetPicture()}, {"lead.owner.booking_url", lead.GetOwner().GetBookingUrl()},
	} {
		field, value := of.field, of.value
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return rpcerr.Invalid(field, "is no web address; write it as https://example.com/path")
		}
	}
	return nil
}
