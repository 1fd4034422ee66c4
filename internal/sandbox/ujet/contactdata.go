package ujet

import (
	"encoding/json"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindContactData is the ledger kind of what a dialer sent for an agent's screen.
const KindContactData = "contactData"

// ContactData is one such sending; all members are strings at the vendor.
type ContactData struct {
	ID      int64             `json:"id"`
	CallID  string            `json:"call_id"`
	Fields  map[string]string `json:"fields"`
	Contact map[string]string `json:"contact"`
}

// contactData is POST /crm/contact_data. Only call_id is taken as required, and the answer is 200 with
// an empty object (both assumed: the vendor's page states neither).
func (e *Emulator) contactData(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	data := ContactData{Fields: map[string]string{}}
	if data.CallID, err = p.required("call_id"); err != nil {
		return reply{}, err
	}
	for _, name := range []string{"agent_id", "lcm_key", "dnis", "org_id", "pacing_mode", "call_type"} {
		value, given, err := p.text(name)
		if err != nil {
			return reply{}, err
		}
		if given && value != nil {
			data.Fields[name] = *value
		}
	}
	if raw, given := p["contact"]; given {
		if json.Unmarshal(raw, &data.Contact) != nil {
			return reply{}, badRequest("contact is invalid")
		}
	}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if data.ID, err = newID(tx, KindContactData); err != nil {
			return err
		}
		return tx.Put(KindContactData, key(data.ID), data)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(data.ID), kit.EffectCreated)
	return reply{http.StatusOK, struct{}{}}, nil
}
