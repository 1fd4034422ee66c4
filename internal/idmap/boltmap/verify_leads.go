package boltmap

import (
	"bytes"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// leads checks every lead: it opens, what its record says in clear is so, and its look-up rows are there.
func (v *verifier) leads(tenant string) error {
	return v.each(tenant, leadsBucket, func(key, value []byte) {
		id := string(key)
		record := new(storev1.LeadRecord)
		if err := proto.Unmarshal(value, record); err != nil {
			v.unreadable(tenant, "lead "+id, err)
			return
		}
		if record.GetLeaving() {
			v.leaving(tenant, id)
			return
		}
		v.report.Leads++
		for _, l := range record.GetLookups() {
			if !v.has(tenant, lookupsBucket, lookupRow(l, id)) {
				v.problem("Tenant %q: lead %s cannot be found by one of its look-ups.", tenant, id)
			}
		}
		lead, err := v.openLead(tenant, id, record)
		if err != nil {
			v.unreadable(tenant, "lead "+id, err)
			return
		}
		if lead.GetLeadId() != id {
			v.problem("Tenant %q: lead %s has another ID inside.", tenant, id)
		}
		if !proto.Equal(lead.GetUpdateTime(), record.GetUpdateTime()) || !slices.EqualFunc(marks(lead), record.GetEngagements(), sameMark) {
			v.problem("Tenant %q: lead %s is listed by a time or an engagement that it does not have.", tenant, id)
		}
		if !slices.EqualFunc(v.s.lookups(tenant, lead), record.GetLookups(), bytes.Equal) {
			v.problem("Tenant %q: the look-ups of lead %s are not those of its values.", tenant, id)
		}
	})
}

func sameMark(a, b *storev1.EngagementMark) bool { return proto.Equal(a, b) }

// lookupRows checks that every look-up row belongs to a lead that has it, and that no two leads share an external ID.
func (v *verifier) lookupRows(tenant string) error {
	const size = 1 + hashSize
	var last []byte
	return v.each(tenant, lookupsBucket, func(key, _ []byte) {
		if len(key) <= size {
			v.problem("Tenant %q: a look-up row is damaged.", tenant)
			return
		}
		lookup, id := key[:size], string(key[size:])
		record, err := v.leadRecord(tenant, id)
		switch {
		case err != nil:
			v.problem("Tenant %q: a look-up row leads to lead %s, which is not there or damaged.", tenant, id)
		case !contains(record.GetLookups(), lookup):
			v.problem("Tenant %q: a look-up row leads to lead %s, which has no such value.", tenant, id)
		}
		if idmap.KeyKind(key[0]) == idmap.KeyExternalID && bytes.Equal(lookup, last) {
			v.problem("Tenant %q: lead %s has the external ID of another lead.", tenant, id)
		}
		last = lookup
	})
}

// events checks that every event opens, stands at its cursor, is not ahead of the counter, and belongs to a stored lead.
func (v *verifier) events(tenant string) error {
	b := v.bucket(tenant, eventsBucket)
	return v.each(tenant, eventsBucket, func(key, value []byte) {
		event, err := v.openEvent(tenant, key, value)
		if errors.Is(err, idmap.ErrErased) {
			return
		}
		v.report.Events++
		if err != nil {
			v.unreadable(tenant, "an event", err)
			return
		}
		if !bytes.Equal(key, keyOfCursor(event)) {
			v.problem("Tenant %q: event %s has another cursor inside.", tenant, event.GetEventId())
		}
		if bytes.Compare(key, eventKey(b.Sequence())) > 0 {
			v.problem("Tenant %q: event %s is ahead of the log's counter.", tenant, event.GetEventId())
		}
		if id := event.GetLeadId(); id != "" && !v.has(tenant, leadsBucket, []byte(id)) && !v.isErased(tenant, id) {
			v.problem("Tenant %q: event %s belongs to lead %s, which is not there.", tenant, event.GetEventId(), id)
		}
		v.eventRows(tenant, key, value, event)
	})
}

func keyOfCursor(event *leadmuxv1.Event) []byte {
	n, err := parseCursor(event.GetCursor())
	if err != nil {
		return nil
	}
	return eventKey(n)
}
