package ujet

import (
	"net/http"
	"reflect"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// endUserUpdate is one accepted change of a session's end user.
type endUserUpdate struct {
	At         time.Time `json:"at"`
	Identifier string    `json:"identifier"`
	Name       *string   `json:"name"`
	Email      *string   `json:"email"`
	Phone      *string   `json:"phone"`
}

// accepted is the answer to what the vendor does later.
func accepted() reply {
	return reply{http.StatusAccepted, map[string]string{"message": "accepted"}}
}

// changeEndUser is POST …/{id}/end_user: the session goes over to the end user with that
// identifier, who is made or updated; a phone number that is known is not overwritten.
func changeEndUser[T any, P sessionOf[T]](e *Emulator) operation {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		p, err := readParams(w, r)
		if err != nil {
			return reply{}, err
		}
		change, err := parseEndUser(p)
		if err != nil {
			return reply{}, err
		}
		return editSession(e, r, func(tx *kit.Tx, s P) (reply, error) {
			if _, name := s.kind(); s.over() {
				return reply{}, badRequest(name + " is already ended")
			}
			if !e.settings.Get().CRM {
				return reply{}, badRequest("Unsupported CRM request")
			}
			if err := e.noteEndUser(s.session(), p, change.identifier); err != nil {
				return reply{}, err
			}
			change.keepPhone = true
			user, _, err := e.applyEndUser(tx, change)
			if err != nil {
				return reply{}, err
			}
			s.setEndUser(user)
			return accepted(), nil
		})
	}
}

// noteEndUser refuses the same change within the interval and notes any other.
func (e *Emulator) noteEndUser(s *Session, p params, identifier string) error {
	note := endUserUpdate{Identifier: identifier}
	note.Name, _, _ = p.text("name") // parsed before
	note.Email, _, _ = p.text("email")
	note.Phone, _, _ = p.text("phone")
	interval := time.Duration(e.settings.Get().EndUserSeconds) * time.Second
	if n := len(s.EndUserChanges); n > 0 {
		last := s.EndUserChanges[n-1]
		at := last.At
		last.At = time.Time{}
		if reflect.DeepEqual(last, note) && e.now().Sub(at) < interval {
			return badRequest("Duplicate request: Please wait for the interval to expire")
		}
	}
	note.At = e.now().UTC()
	s.EndUserChanges = append(s.EndUserChanges, note)
	return nil
}
