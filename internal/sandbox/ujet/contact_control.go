package ujet

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// contactStatuses are what the dialer can say of a contact.
var contactStatuses = []string{
	"Upcoming", "Dialing", "Queued", "Connected", "Finished", "Transferred", "Transferred and Finished", "Not Picked Up",
	"Not Reached to Contact", "Abandoned by Contact", "Skipped", "Skipped & Closed", "Invalid Number", "Carrier Error",
	"Abandoned by Dialer", "Voicemail Hung Up", "Dialer General Error", "Redial Scheduled", "Do Not Call",
	"Invalid Outbound Number", "Blocked Phone Number",
}

func (e *Emulator) contactControl() []kit.Route {
	return []kit.Route{{
		Method: http.MethodPost, Path: "/contacts/status", Handle: e.stepContact,
		Doc: `The dialer works on a campaign's contact: {"id","status","callId"}.`,
	}}
}

func (e *Emulator) stepContact(_ *http.Request, body []byte) (any, error) {
	var step struct {
		ID     int64  `json:"id"`
		Status string `json:"status"`
		CallID *int64 `json:"callId"`
	}
	if err := kit.DecodeStrict(body, &step); err != nil {
		return nil, err
	}
	if !slices.Contains(contactStatuses, step.Status) {
		return nil, fmt.Errorf("status must be one of %s", strings.Join(contactStatuses, ", "))
	}
	var c Contact
	err := e.ledger.Update(func(tx *kit.Tx) (err error) {
		if c, err = load[Contact](tx, KindContact, step.ID); err != nil {
			return err
		}
		c.Status, c.UpdatedAt = step.Status, e.stamp()
		if step.CallID != nil {
			c.AssignedCallID = step.CallID
		}
		return tx.Put(KindContact, key(c.ID), c)
	})
	return c.ContactAnswer, err
}
