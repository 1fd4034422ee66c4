package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// recordAnswer shows a record with its free fields beside the fixed ones.
func (c ContactRecord) answer() map[string]any {
	out := map[string]any{
		"id": c.ID, "contact_list_id": c.ListID, "name": c.Name, "phone_number": c.PhoneNumber, "created_at": c.CreatedAt,
		"updated_at": c.UpdatedAt,
	}
	for name, value := range c.Fields {
		out[name] = value
	}
	return out
}

// listOf finds the list of the path.
func listOf(tx *kit.Tx, r *http.Request) (int64, error) {
	id, err := pathID(r, "list_id")
	if err != nil || id == globalList {
		return id, err
	}
	_, err = load[ContactList](tx, KindContactList, id)
	return id, err
}

// addRecord is POST on a list's records.
func (e *Emulator) addRecord(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	c := ContactRecord{CreatedAt: e.stamp(), UpdatedAt: e.stamp()}
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if c.ListID, err = listOf(tx, r); err != nil {
			return err
		}
		if err := c.fill(p); err != nil {
			return err
		}
		if c.ID, err = newID(tx, KindContactRecord); err != nil {
			return err
		}
		return tx.Put(KindContactRecord, key(c.ID), c)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(c.ID), kit.EffectCreated)
	return reply{http.StatusCreated, c.answer()}, nil
}

// recordOf finds the record of the path; one of another list is not there.
func recordOf(tx *kit.Tx, r *http.Request) (ContactRecord, error) {
	list, err := listOf(tx, r)
	if err != nil {
		return ContactRecord{}, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return ContactRecord{}, err
	}
	c, err := load[ContactRecord](tx, KindContactRecord, id)
	if err == nil && c.ListID != list {
		err = notFound()
	}
	return c, err
}

// updateRecord is PATCH on one record: members not sent stay.
func (e *Emulator) updateRecord(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	var c ContactRecord
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if c, err = recordOf(tx, r); err != nil {
			return err
		}
		if err := c.fill(p); err != nil {
			return err
		}
		c.UpdatedAt = e.stamp()
		return tx.Put(KindContactRecord, key(c.ID), c)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(c.ID), kit.EffectUpdated)
	return reply{http.StatusOK, c.answer()}, nil
}

// deleteRecord is DELETE on one record.
func (e *Emulator) deleteRecord(_ http.ResponseWriter, r *http.Request) (reply, error) {
	var c ContactRecord
	err := e.ledger.Update(func(tx *kit.Tx) (err error) {
		if c, err = recordOf(tx, r); err != nil {
			return err
		}
		return tx.Delete(KindContactRecord, key(c.ID))
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(c.ID), EffectRemoved)
	return reply{http.StatusNoContent, nil}, nil
}
