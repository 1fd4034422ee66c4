package ujet

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Ledger kinds of contact lists and their records, each under its id in decimal.
const (
	KindContactList   = "contactList"
	KindContactRecord = "contactRecord"
)

// globalList is the contact list every centre has; its records can change, itself not (assumed).
const globalList = 1

// ContactList is one list of numbers that agents can call. Paths, names and answers of all six
// operations on lists are assumed: nothing about them is public.
type ContactList struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// ContactRecord is one entry of a list; Fields hold whatever else was sent.
type ContactRecord struct {
	ID          int64          `json:"id"`
	ListID      int64          `json:"contact_list_id"`
	Name        string         `json:"name"`
	PhoneNumber string         `json:"phone_number"`
	CreatedAt   string         `json:"created_at"`
	UpdatedAt   string         `json:"updated_at"`
	Fields      map[string]any `json:"fields"`
}

func (e *Emulator) listRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /contact_lists", e.serve(e.createList))
	mux.HandleFunc("PATCH /contact_lists/{id}", e.serve(e.updateList))
	mux.HandleFunc("DELETE /contact_lists/{id}", e.serve(e.deleteList))
	const records = "/contact_lists/{list_id}/contact_records"
	mux.HandleFunc("POST "+records, e.serve(e.addRecord))
	mux.HandleFunc("PATCH "+records+"/{id}", e.serve(e.updateRecord))
	mux.HandleFunc("DELETE "+records+"/{id}", e.serve(e.deleteRecord))
}

func (e *Emulator) createList(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	name, err := p.required("name")
	if err != nil {
		return reply{}, err
	}
	list := ContactList{Name: name, CreatedAt: e.stamp(), UpdatedAt: e.stamp()}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if list.ID, err = newID(tx, KindContactList); err != nil {
			return err
		}
		list.ID += globalList
		return tx.Put(KindContactList, key(list.ID), list)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(list.ID), kit.EffectCreated)
	return reply{http.StatusCreated, list}, nil
}

func (e *Emulator) updateList(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	name, err := p.required("name")
	if err != nil {
		return reply{}, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	var list ContactList
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if list, err = load[ContactList](tx, KindContactList, id); err != nil {
			return err
		}
		list.Name, list.UpdatedAt = name, e.stamp()
		return tx.Put(KindContactList, key(id), list)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(id), kit.EffectUpdated)
	return reply{http.StatusOK, list}, nil
}

// deleteList takes the list's records with it.
func (e *Emulator) deleteList(_ http.ResponseWriter, r *http.Request) (reply, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if _, err := load[ContactList](tx, KindContactList, id); err != nil {
			return err
		}
		records, err := all[ContactRecord](tx, KindContactRecord)
		if err != nil {
			return err
		}
		for _, one := range records {
			if one.ListID != id {
				continue
			}
			if err := tx.Delete(KindContactRecord, key(one.ID)); err != nil {
				return err
			}
		}
		return tx.Delete(KindContactList, key(id))
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(id), EffectRemoved)
	return reply{http.StatusNoContent, nil}, nil
}

// ownMembers are those of a record that a request cannot bring along as free fields.
var ownMembers = []string{"id", "contact_list_id", "name", "phone_number", "created_at", "updated_at", "fields"}

// fill lays a request's members over a record; a number must be well formed.
func (c *ContactRecord) fill(p params) error {
	for _, f := range []struct {
		name string
		at   *string
	}{{"name", &c.Name}, {"phone_number", &c.PhoneNumber}} {
		if _, err := p.value(f.name, f.at); err != nil {
			return err
		}
		if *f.at == "" {
			return missing(f.name)
		}
	}
	plain, ok := wellFormed(c.PhoneNumber)
	if !ok {
		return badRequest("phone_number is invalid")
	}
	c.PhoneNumber = plain
	fields := maps.Clone(p)
	for _, name := range ownMembers {
		delete(fields, name)
	}
	if c.Fields == nil {
		c.Fields = map[string]any{}
	}
	for name, raw := range fields {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return badRequest(name + " is invalid")
		}
		c.Fields[name] = value
	}
	return nil
}
