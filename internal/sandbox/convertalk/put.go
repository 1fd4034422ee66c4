package convertalk

import (
	"net/http"
	"slices"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// putLead is PUT /inbox/direct/lead: create or update by uuid. Fields not given stay.
func (e *Emulator) putLead(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if !e.authorized(r, headerPut) {
		return nil, unauthorized()
	}
	f, err := readFields(w, r)
	if err != nil {
		return nil, err
	}
	settings := e.settings.Get()
	c, found := parseChange(f, settings.AnyUUID)
	if len(found) > 0 {
		return nil, refuse(http.StatusBadRequest, "Bad Request", found...)
	}
	if !e.owns(c.botID, c.customerID) {
		return nil, unauthorized()
	}
	var effect string
	var lead Lead
	err = e.ledger.Update(func(tx *kit.Tx) error {
		var made bool
		var err error
		if lead, made, err = e.lead(tx, c.uuid, OriginAPI); err != nil {
			return err
		}
		effect = kit.EffectUpdated
		if made {
			effect = kit.EffectCreated
		}
		at, before := e.clock(), lead
		c.apply(&lead)
		lead.mergeArrays(c, settings.ArrayMode == ArraysReplace, at)
		lead.Upserts++
		lead.touch(at)
		if err := tx.Put(KindLead, lead.UUID, lead); err != nil || settings.SilentPut {
			return err
		}
		return e.tellVisit(tx, before, lead, "")
	})
	if err != nil {
		return nil, err
	}
	e.index.put(lead)
	kit.Touch(r.Context(), c.uuid, effect)
	return []byte(okBody), nil
}

// owns says whether the tokens belong to that bot of that customer.
func (e *Emulator) owns(botID, customerID string) bool {
	return botID == e.botID && customerID == e.customerID
}

// lead reads the record of a uuid or starts a new one; made tells which. It stores nothing but the
// next number.
func (e *Emulator) lead(tx *kit.Tx, uuid, origin string) (lead Lead, made bool, err error) {
	known, err := tx.Get(KindLead, uuid, &lead)
	if err != nil || known {
		return lead, false, err
	}
	seq, err := tx.NextID(KindLead)
	if err != nil {
		return lead, false, err
	}
	lead = newLead(seq, origin, e.clock())
	lead.UUID, lead.BotID, lead.CustomerID = uuid, e.botID, e.customerID
	return lead, true, nil
}

// apply sets the single values that were given.
func (c change) apply(l *Lead) {
	for _, f := range []struct {
		value *string
		at    *string
	}{
		{c.name, &l.Name}, {c.email, &l.Email}, {c.phone, &l.Phone}, {c.dialCode, &l.DialCode},
		{c.agentID, &l.AgentID}, {c.status, &l.Status}, {c.picture, &l.Picture},
	} {
		if f.value != nil {
			*f.at = *f.value
		}
	}
}

// mergeArrays brings in the arrays that were given: in the place of the stored ones, or as a union
// of tags, appended notes and attributes set by key (both readings assumed).
func (l *Lead) mergeArrays(c change, replace bool, at time.Time) {
	if c.tags != nil {
		l.Tags = mergeTags(kept(l.Tags, replace), *c.tags)
	}
	if c.attributes != nil {
		l.Attributes = mergeAttributes(kept(l.Attributes, replace), *c.attributes)
	}
	if c.notes != nil {
		l.Notes = kept(l.Notes, replace)
		for _, n := range *c.notes {
			l.addNote(n, at)
		}
	}
}

func kept[T any](stored []T, replace bool) []T {
	if replace {
		return []T{}
	}
	return stored
}

func mergeTags(tags, given []string) []string {
	for _, tag := range given {
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

func mergeAttributes(attributes, given []Attribute) []Attribute {
	for _, a := range given {
		at := slices.IndexFunc(attributes, func(b Attribute) bool { return a.Key == b.Key })
		if at < 0 {
			attributes = append(attributes, a)
			continue
		}
		attributes[at] = a
	}
	return attributes
}
