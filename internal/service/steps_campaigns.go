package service

import (
	"errors"

	"github.com/google/uuid"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

func addContact(f *forward, r *leadmuxv1.AddCampaignContactRequest) error {
	given := r.GetContact()
	c := &leadmuxv1.CampaignContact{ // what the vendor sets is left out
		LeadId: given.GetLeadId(), Name: given.GetName(), Email: given.GetEmail(), PhoneNumber: given.GetPhoneNumber(),
		OutboundNumber: given.GetOutboundNumber(), UniqueId: given.GetUniqueId(),
	}
	r.Contact = c
	if c.GetPhoneNumber() == "" {
		return rpcerr.Invalid("contact.phone_number", "is needed: it is what the campaign calls")
	}
	if err := f.contact(c); err != nil {
		return err
	}
	if c.GetUniqueId() == "" {
		c.UniqueId = f.uniqueID(r.GetRequestId())
	}
	f.check = f.mayDial(c)
	c.LeadId = "" // what travels is the unique ID
	return nil
}

// mayDial refuses, in the transaction that journals the write, a contact who must not be called, and a lead that is not there.
func (f *forward) mayDial(c *leadmuxv1.CampaignContact) func(r idmap.Reader) error {
	leadID := c.GetLeadId()
	return func(r idmap.Reader) error {
		who := delivery.Person{}
		if leadID != "" {
			lead, err := r.Lead(f.caller.Tenant, leadID)
			if errors.Is(err, idmap.ErrNotFound) {
				return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_NOT_FOUND, "no such lead").Field("contact.lead_id", "no such lead")
			}
			if err != nil {
				return err
			}
			who = delivery.PersonOf(lead)
		}
		who.Phones, who.Emails = append(who.Phones, c.GetPhoneNumber()), append(who.Emails, c.GetEmail())
		return f.mayContact(r, who, leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL, "contact.phone_number")
	}
}

// contact puts a contact's fields into their one form.
func (f *forward) contact(c *leadmuxv1.CampaignContact) error {
	if c.GetLeadId() != "" {
		if c.GetUniqueId() != "" && c.GetUniqueId() != c.GetLeadId() {
			return rpcerr.Invalid("contact.unique_id", "must be the lead_id, or left out, where there is a lead")
		}
		c.UniqueId = c.GetLeadId()
	}
	if err := f.e164("contact.phone_number", &c.PhoneNumber); err != nil {
		return err
	}
	if err := f.e164("contact.outbound_number", &c.OutboundNumber); err != nil {
		return err
	}
	return emailAddress("contact.email", c.GetEmail())
}

// uniqueID is an ID under which a contact can be found again; a repeat with the same request_id gets the same one.
func (f *forward) uniqueID(requestID string) string {
	if requestID == "" {
		return uuid.NewString()
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(f.caller.Tenant+"\x00"+f.account.Name+"\x00"+requestID)).String()
}

func updateContact(f *forward, r *leadmuxv1.UpdateCampaignContactRequest) error {
	if err := only(r.GetContact(), "contact", r.GetUpdateMask(), "contact_id", "name", "email", "phone_number", "unique_id"); err != nil {
		return err
	}
	f.check = f.mayDial(r.GetContact())
	return f.contact(r.GetContact())
}
