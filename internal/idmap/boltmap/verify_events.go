package boltmap

import (
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// eventRows checks what an event's record says in clear.
func (v *verifier) eventRows(tenant string, key, value []byte, event *leadmuxv1.Event) {
	id := event.GetEventId()
	var record storev1.SealedRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		v.unreadable(tenant, "event "+id, err)
		return
	}
	if !slices.Equal(record.GetSubjects(), subjects(event)) {
		v.problem("Tenant %q: event %s is kept under what it is not about.", tenant, id)
	}
	for _, subject := range record.GetSubjects() {
		if !v.has(tenant, subjectsBucket, subjectRow(subject, binary.BigEndian.Uint64(key))) {
			v.problem("Tenant %q: event %s is not among those about %s.", tenant, id, subject)
		}
	}
}

// subjectRows checks that every row leads to an event that is about it.
func (v *verifier) subjectRows(tenant string) error {
	return v.each(tenant, subjectsBucket, func(key, _ []byte) {
		subject, n, ok := cutText(key)
		var record storev1.SealedRecord
		if !ok || proto.Unmarshal(v.get(tenant, eventsBucket, n), &record) != nil || !slices.Contains(record.GetSubjects(), subject) {
			v.problem("Tenant %q: an event about %s is not there.", tenant, subject)
		}
	})
}
