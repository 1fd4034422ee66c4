package ujet

import (
	"net/http"
	"strconv"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Session is what calls and chats keep alike besides what they show.
type Session struct {
	// Flag is the customer flag, the reserved attributes of the session.
	Flag CustomerFlag `json:"customerFlag"`
	// CustomData is every value that came as custom data, by field, the last one standing.
	CustomData map[string]CustomField `json:"customData"`
	// EndUserChanges are the changes of the session's end user, oldest first.
	EndUserChanges []endUserUpdate `json:"endUserChanges"`
}

// CustomerFlag is the reserved attributes of a session. Requests spell the last in the plural.
type CustomerFlag struct {
	VerifiedCustomer bool `json:"verified_customer"`
	BadActor         bool `json:"bad_actor"`
	RepeatCustomer   bool `json:"repeat_customer"`
}

// sessionOf is a call or a chat as its endpoints of the same shape see it.
type sessionOf[T any] interface {
	*T
	session() *Session
	over() bool
	setEndUser(u EndUser)
	kind() (kind, name string)
}

// sessionRoutes are the endpoints that calls (root "/calls") and chats have alike.
func sessionRoutes[T any, P sessionOf[T]](e *Emulator, mux *http.ServeMux, root string) {
	mux.HandleFunc("POST "+root+"/{id}/end_user", e.serve(changeEndUser[T, P](e)))
	mux.HandleFunc("PATCH "+root+"/{id}/customer_flag", e.serve(changeFlag[T, P](e, false)))
	mux.HandleFunc("PUT "+root+"/{id}/customer_flag", e.serve(changeFlag[T, P](e, true)))
	mux.HandleFunc("GET "+root+"/{id}/customer_flag", e.serve(readFlag[T, P](e)))
	mux.HandleFunc("POST "+root+"/{id}/custom_data", e.serve(addCustomData[T, P](e)))
}

// editSession loads the session of the path, lets edit change it and stores it.
func editSession[T any, P sessionOf[T]](e *Emulator, r *http.Request, edit func(tx *kit.Tx, s P) (reply, error)) (reply, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	var out reply
	err = e.ledger.Update(func(tx *kit.Tx) error {
		kind, _ := P(nil).kind()
		v, err := load[T](tx, kind, id)
		if err != nil {
			return err
		}
		if out, err = edit(tx, P(&v)); err != nil {
			return err
		}
		return tx.Put(kind, key(id), v)
	})
	if err == nil {
		kit.Touch(r.Context(), key(id), kit.EffectUpdated)
	}
	return out, err
}

// changeFlag is PATCH and PUT on customer_flag. PATCH leaves what it does not name, PUT makes it
// false (the second method and its meaning are inferred).
func changeFlag[T any, P sessionOf[T]](e *Emulator, whole bool) operation {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		p, err := readParams(w, r)
		if err != nil {
			return reply{}, err
		}
		return editSession(e, r, func(_ *kit.Tx, s P) (reply, error) {
			flag := &s.session().Flag
			if whole {
				*flag = CustomerFlag{}
			}
			for _, f := range []struct {
				name string
				at   *bool
			}{
				{"verified_customer", &flag.VerifiedCustomer}, {"bad_actor", &flag.BadActor},
				{"repeat_customers", &flag.RepeatCustomer},
			} {
				if err := p.boolean(f.name, f.at); err != nil {
					return reply{}, err
				}
			}
			return reply{http.StatusOK, *flag}, nil
		})
	}
}

// readFlag is GET on customer_flag.
func readFlag[T any, P sessionOf[T]](e *Emulator) operation {
	return func(_ http.ResponseWriter, r *http.Request) (reply, error) {
		id, err := pathID(r, "id")
		if err != nil {
			return reply{}, err
		}
		var out reply
		err = e.ledger.View(func(tx *kit.Tx) error {
			kind, _ := P(nil).kind()
			v, err := load[T](tx, kind, id)
			out = reply{http.StatusOK, P(&v).session().Flag}
			return err
		})
		kit.Touch(r.Context(), key(id), "")
		return out, err
	}
}

// pathID reads an id of the path; what is no number names nothing.
func pathID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || id < 1 {
		return 0, notFound()
	}
	return id, nil
}
