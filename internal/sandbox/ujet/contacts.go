package ujet

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindContact is the ledger kind of campaign contacts, each under its id in decimal.
const KindContact = "contact"

// e164 is the form the vendor's import asks of numbers; for a single contact the check is assumed.
var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Contact is one campaign contact: the fields the vendor shows, and what it keeps to itself.
type Contact struct {
	ContactAnswer
	// Email and PhoneNumber are stored by the vendor but are not in its contact object.
	Email       *string `json:"email"`
	PhoneNumber string  `json:"phone_number"`
}

// ContactAnswer is the vendor's contact object, field by field; what the request calls
// external_unique_id comes back as unique_id.
type ContactAnswer struct {
	AssignedCallID        *int64  `json:"assigned_call_id"`
	AssignedParticipantID *int64  `json:"assigned_participant_id"`
	CampaignID            int64   `json:"campaign_id"`
	CreatedAt             string  `json:"created_at"`
	ID                    int64   `json:"id"`
	Name                  *string `json:"name"`
	OutboundNumber        *string `json:"outbound_number"`
	Priority              int     `json:"priority"`
	Status                string  `json:"status"`
	UniqueID              *string `json:"unique_id"`
	UpdatedAt             string  `json:"updated_at"`
}

// addContact is POST /outbound_dialer/campaigns/{campaign_id}/contacts. It has no idempotency of
// any kind: each call makes one more contact, so a double send shows as two.
func (e *Emulator) addContact(w http.ResponseWriter, r *http.Request) (reply, error) {
	campaign, err := e.campaign(r)
	if err != nil {
		return reply{}, err
	}
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	contact, err := parseContact(p)
	if err != nil {
		return reply{}, err
	}
	contact.CampaignID = campaign
	err = e.ledger.Update(func(tx *kit.Tx) error { return e.putContact(tx, &contact) })
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), strconv.FormatInt(contact.ID, 10), kit.EffectCreated)
	return reply{http.StatusCreated, contact.ContactAnswer}, nil // 201 is assumed
}

// putContact numbers and stores a new contact.
func (e *Emulator) putContact(tx *kit.Tx, c *Contact) error {
	id, err := newID(tx, KindContact)
	if err != nil {
		return err
	}
	c.ID, c.Status, c.CreatedAt = id, "Upcoming", e.stamp()
	c.UpdatedAt = c.CreatedAt
	return tx.Put(KindContact, key(id), *c)
}

// parseContact checks types and numbers. Only phone_number is required (inferred).
func parseContact(p params) (Contact, error) {
	var c Contact
	var err error
	if c.PhoneNumber, err = p.required("phone_number"); err != nil {
		return c, err
	}
	if !e164.MatchString(c.PhoneNumber) {
		return c, badRequest("phone_number is invalid")
	}
	for _, f := range []struct {
		name string
		at   **string
	}{
		{"name", &c.Name}, {"email", &c.Email}, {"outbound_number", &c.OutboundNumber}, {"external_unique_id", &c.UniqueID},
	} {
		if *f.at, _, err = p.text(f.name); err != nil {
			return c, err
		}
	}
	if c.OutboundNumber != nil && *c.OutboundNumber != "" && !e164.MatchString(*c.OutboundNumber) {
		return c, badRequest("outbound_number is invalid")
	}
	return c, nil
}

// listContacts is GET on the same path: all contacts of the campaign, oldest first, no paging.
func (e *Emulator) listContacts(_ http.ResponseWriter, r *http.Request) (reply, error) {
	campaign, err := e.campaign(r)
	if err != nil {
		return reply{}, err
	}
	found := []ContactAnswer{}
	err = e.ledger.View(func(tx *kit.Tx) error {
		contacts, err := all[Contact](tx, KindContact)
		for _, c := range contacts {
			if c.CampaignID == campaign {
				found = append(found, c.ContactAnswer)
			}
		}
		return err
	})
	return reply{http.StatusOK, found}, err
}

// campaign reads the campaign of the path; one that the settings do not name is unknown.
func (e *Emulator) campaign(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("campaign_id"), 10, 64)
	if err != nil || !slices.Contains(e.settings.Get().Campaigns, id) {
		return 0, notFound()
	}
	return id, nil
}
