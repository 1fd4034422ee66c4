package ujet

import (
	"net/http"
	"strconv"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// EffectRemoved is the effect of a request that took a record away.
const EffectRemoved = "removed"

// updateContact is PATCH /outbound_dialer/campaigns/{campaign_id}/contact: the contact is named in
// the body. Members not sent stay as they are; null clears but for the number, which is required
// (both assumed).
func (e *Emulator) updateContact(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, campaign, id, err := e.namedContact(w, r)
	if err != nil {
		return reply{}, err
	}
	set, err := parseContactChange(p)
	if err != nil {
		return reply{}, err
	}
	var contact Contact
	effect := ""
	err = e.ledger.Update(func(tx *kit.Tx) error {
		var err error
		if contact, err = contactOf(tx, campaign, id); err != nil {
			return err
		}
		before := contact
		for _, set := range set {
			set(&contact)
		}
		if sameContact(before, contact) {
			return nil
		}
		effect, contact.UpdatedAt = kit.EffectUpdated, e.stamp()
		return tx.Put(KindContact, strconv.FormatInt(id, 10), contact)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), strconv.FormatInt(id, 10), effect)
	return reply{http.StatusOK, contact.ContactAnswer}, nil // the contact as answer is inferred
}

// removeContact is DELETE on the same path, with a JSON body. Only contact_id decides: what else
// the body says about the contact is checked for its type and not compared (assumed).
func (e *Emulator) removeContact(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, campaign, id, err := e.namedContact(w, r)
	if err != nil {
		return reply{}, err
	}
	for _, name := range []string{"phone_number", "external_unique_id"} {
		if _, _, err := p.text(name); err != nil {
			return reply{}, err
		}
	}
	var contact Contact
	err = e.ledger.Update(func(tx *kit.Tx) error {
		var err error
		if contact, err = contactOf(tx, campaign, id); err != nil {
			return err
		}
		return tx.Delete(KindContact, strconv.FormatInt(id, 10))
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), strconv.FormatInt(id, 10), EffectRemoved)
	return reply{http.StatusOK, contact.ContactAnswer}, nil // 200 with what was removed is assumed; 204 would do
}

// namedContact reads the campaign of the path and the contact of the body.
func (e *Emulator) namedContact(w http.ResponseWriter, r *http.Request) (p params, campaign, id int64, err error) {
	if campaign, err = e.campaign(r); err != nil {
		return nil, 0, 0, err
	}
	if p, err = readParams(w, r); err != nil {
		return nil, 0, 0, err
	}
	id, err = p.requiredID("contact_id")
	return p, campaign, id, err
}

// contactOf reads a contact; one of another campaign is not there.
func contactOf(tx *kit.Tx, campaign, id int64) (Contact, error) {
	var c Contact
	found, err := tx.Get(KindContact, strconv.FormatInt(id, 10), &c)
	if err == nil && (!found || c.CampaignID != campaign) {
		err = notFound()
	}
	return c, err
}

// parseContactChange checks the members given and returns what sets them.
func parseContactChange(p params) ([]func(*Contact), error) {
	var set []func(*Contact)
	if _, given := p["phone_number"]; given {
		number, err := p.required("phone_number")
		if err != nil {
			return nil, err
		}
		if !e164.MatchString(number) {
			return nil, badRequest("phone_number is invalid")
		}
		set = append(set, func(c *Contact) { c.PhoneNumber = number })
	}
	for _, f := range []struct {
		name string
		at   func(*Contact) **string
	}{
		{"name", func(c *Contact) **string { return &c.Name }},
		{"email", func(c *Contact) **string { return &c.Email }},
		{"external_unique_id", func(c *Contact) **string { return &c.UniqueID }},
	} {
		value, given, err := p.text(f.name)
		if err != nil {
			return nil, err
		}
		if given {
			set = append(set, func(c *Contact) { *f.at(c) = value })
		}
	}
	return set, nil
}

func sameContact(a, b Contact) bool {
	return a.PhoneNumber == b.PhoneNumber && sameText(a.Name, b.Name) && sameText(a.Email, b.Email) &&
		sameText(a.UniqueID, b.UniqueID)
}
