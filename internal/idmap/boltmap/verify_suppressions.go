package boltmap

import (
	"bytes"
)

// suppressions checks every suppression: it opens, and is found by each of its keys. That the key of its texts is gone is no
// problem: the person was erased.
func (v *verifier) suppressions(tenant string) error {
	return v.each(tenant, suppressionsBucket, func(key, value []byte) {
		v.report.Suppressions++
		id := string(key)
		record, err := readSuppression(id, value)
		if err != nil {
			v.unreadable(tenant, "suppression "+id, err)
			return
		}
		if record.GetSuppression().GetSuppressionId() != id {
			v.problem("Tenant %q: suppression %s has another ID inside.", tenant, id)
		}
		for _, p := range record.GetKeys() {
			if !v.has(tenant, suppressedBucket, append(bytes.Clone(p), id...)) {
				v.problem("Tenant %q: suppression %s does not hold for one of the persons in it.", tenant, id)
			}
		}
		if _, err := v.openSuppression(tenant, id, record); err != nil {
			v.unreadable(tenant, "suppression "+id, err)
		}
	})
}

// suppressedRows checks that every row leads to a suppression that has its key.
func (v *verifier) suppressedRows(tenant string) error {
	const size = 1 + hashSize
	return v.each(tenant, suppressedBucket, func(key, _ []byte) {
		if len(key) <= size {
			v.problem("Tenant %q: a row of the suppressed is damaged.", tenant)
			return
		}
		id := string(key[size:])
		record, err := v.suppressionRecord(tenant, id)
		switch {
		case err != nil:
			v.problem("Tenant %q: a row of the suppressed leads to suppression %s, which is not there or damaged.", tenant, id)
		case !contains(record.GetKeys(), key[:size]):
			v.problem("Tenant %q: a row of the suppressed leads to suppression %s, which is not about that person.", tenant, id)
		}
	})
}
