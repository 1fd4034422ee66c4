package ujet

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindDNC is the ledger kind of the company's do-not-call list, each number under itself in E.164.
const KindDNC = "dnc"

// DNCEntry is one number on the do-not-call list.
type DNCEntry struct {
	PhoneNumber string  `json:"phone_number"`
	ExpiresAt   *string `json:"expires_at,omitempty"`
}

// dncAnswer is what the vendor says of one number.
type dncAnswer struct {
	DNCEntry
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
}

// dncLayout is the time form that this list has in place of the API's usual one.
const dncLayout = "2006-01-02 15:04:05 UTC"

// emergencyNumbers can be on no list.
var emergencyNumbers = []string{"911", "112", "999", "+911"}

// dncRoutes are operations 50 to 52.
func (e *Emulator) dncRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /outbound_dialer/dnc", e.serve(e.addDNC))
	mux.HandleFunc("POST /outbound_dialer/dnc/remove", e.serve(e.removeDNC))
	mux.HandleFunc("GET /outbound_dialer/dnc", e.serve(e.findDNC))
}

// addDNC is POST /outbound_dialer/dnc: 200 even when some or all numbers are refused, each with its own status.
func (e *Emulator) addDNC(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	var contacts []json.RawMessage
	if given, err := p.value("contacts", &contacts); err != nil {
		return reply{}, err
	} else if !given || len(contacts) == 0 {
		return reply{}, missing("contacts")
	}
	answers := []dncAnswer{}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		answers = []dncAnswer{}
		for _, raw := range contacts {
			answer, err := e.list(tx, raw)
			if err != nil {
				return err
			}
			if answer.Status != "failed" {
				kit.Touch(r.Context(), answer.PhoneNumber, kit.EffectUpdated)
			}
			answers = append(answers, answer)
		}
		return nil
	})
	return reply{http.StatusOK, answers}, err
}

// list puts one number on the list, or says why not.
func (e *Emulator) list(tx *kit.Tx, raw json.RawMessage) (dncAnswer, error) {
	var entry DNCEntry
	_ = json.Unmarshal(raw, &entry) // what is no contact has no number
	failed := func(why string) (dncAnswer, error) {
		return dncAnswer{DNCEntry: entry, Status: "failed", Error: why}, nil
	}
	number, ok := wellFormed(entry.PhoneNumber)
	switch {
	case slices.Contains(emergencyNumbers, number):
		return failed("emergency phone number is not allowed")
	case !ok || slices.Contains(e.settings.Get().InvalidNumbers, number):
		return failed("phone_number is invalid")
	}
	if entry.ExpiresAt != nil {
		until, err := time.Parse(dncLayout, *entry.ExpiresAt)
		if err != nil || until.Before(e.now()) { // what a bad form is answered is assumed
			return failed("expires_at cannot be past date/time")
		}
	}
	var before DNCEntry
	known, err := tx.Get(KindDNC, number, &before)
	if err != nil {
		return dncAnswer{}, err
	}
	status := "created"
	if known {
		status = "updated"
	}
	entry.PhoneNumber = number
	return dncAnswer{DNCEntry: entry, Status: status}, tx.Put(KindDNC, number, entry)
}

// removeDNC is POST /outbound_dialer/dnc/remove. The statuses of its answer are inferred from those of adding.
func (e *Emulator) removeDNC(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	var numbers []string
	if given, err := p.value("phone_numbers", &numbers); err != nil {
		return reply{}, err
	} else if !given || len(numbers) == 0 {
		return reply{}, missing("phone_numbers")
	}
	answers := []dncAnswer{}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		answers = []dncAnswer{}
		for _, given := range numbers {
			number, _ := wellFormed(given)
			var entry DNCEntry
			found, err := tx.Get(KindDNC, number, &entry)
			if err != nil {
				return err
			}
			if !found {
				answers = append(answers, dncAnswer{DNCEntry: DNCEntry{PhoneNumber: given}, Status: "failed", Error: "phone_number is not found"})
				continue
			}
			if err := tx.Delete(KindDNC, number); err != nil {
				return err
			}
			kit.Touch(r.Context(), number, kit.EffectUpdated)
			answers = append(answers, dncAnswer{DNCEntry: entry, Status: "removed"})
		}
		return nil
	})
	return reply{http.StatusOK, answers}, err
}

// dncFound is what the vendor says of a number that is asked for.
type dncFound struct {
	DNCEntry
	Found bool `json:"found"`
}

// findDNC is GET /outbound_dialer/dnc?phone_number=. The vendor's page says "found" or "not found" and shows no answer: that it is an
// entry with a member of that name is assumed. An entry whose time is over is as good as gone: the vendor takes it off within an hour.
func (e *Emulator) findDNC(_ http.ResponseWriter, r *http.Request) (reply, error) {
	number, ok := wellFormed(r.URL.Query().Get("phone_number"))
	if !ok {
		return reply{}, badRequest("phone_number is invalid")
	}
	answer := dncFound{DNCEntry: DNCEntry{PhoneNumber: number}}
	err := e.ledger.View(func(tx *kit.Tx) error {
		var entry DNCEntry
		found, err := tx.Get(KindDNC, number, &entry)
		if found && !e.expired(entry) {
			answer = dncFound{entry, true}
		}
		return err
	})
	return reply{http.StatusOK, answer}, err
}

func (e *Emulator) expired(entry DNCEntry) bool {
	if entry.ExpiresAt == nil {
		return false
	}
	until, err := time.Parse(dncLayout, *entry.ExpiresAt)
	return err == nil && until.Before(e.now())
}
