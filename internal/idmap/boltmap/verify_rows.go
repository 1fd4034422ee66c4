package boltmap

import (
	"errors"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// bindings checks the way from our IDs to the vendors': the other direction is there, and a lead's ID names a stored lead.
func (v *verifier) bindings(tenant string) error {
	return v.each(tenant, bindingsBucket, func(key, _ []byte) {
		v.report.Bindings++
		id, rest, ok := cutText(key)
		ref, okRef := readRef(rest)
		if !ok || !okRef {
			v.problem("Tenant %q: a binding is damaged.", tenant)
			return
		}
		if owner := v.get(tenant, ownersBucket, rest); string(owner) != id {
			v.problem("Tenant %q: %s is bound to a vendor ID of account %s that does not lead back to it.", tenant, id, ref.Account)
		}
		if ref.Kind == idmap.KindLead && !v.has(tenant, leadsBucket, []byte(id)) {
			v.problem("Tenant %q: a vendor ID of account %s is bound to lead %s, which is not there.", tenant, ref.Account, id)
		}
	})
}

// owners checks the way from the vendors' IDs to ours.
func (v *verifier) owners(tenant string) error {
	return v.each(tenant, ownersBucket, func(key, value []byte) {
		if !v.has(tenant, bindingsBucket, bindingKey(string(value), key)) {
			v.problem("Tenant %q: a vendor ID leads to %s, which is not bound to it.", tenant, value)
		}
	})
}

// requests checks that every claimed key has a stored lead or operation and its place among what expires.
func (v *verifier) requests(tenant string) error {
	return v.each(tenant, requestsBucket, func(key, value []byte) {
		v.report.Requests++
		request, err := readRequest(value)
		if err != nil {
			v.unreadable(tenant, "a request key", err)
			return
		}
		id := request.GetLeadId()
		if id != "" && !v.made(tenant, id) {
			v.problem("Tenant %q: a request key belongs to lead %s, which is not there.", tenant, id)
		}
		if !v.has(tenant, expiriesBucket, expiryRow(request.GetExpireTime().AsTime(), key)) {
			v.problem("Tenant %q: the request key of lead %s never expires.", tenant, id)
		}
	})
}

// made says whether there is, or was, what a request can have made.
func (v *verifier) made(tenant, id string) bool {
	for _, bucket := range []bucketName{leadsBucket, operationsBucket, callsBucket, chatsBucket, suppressionsBucket} {
		if v.has(tenant, bucket, []byte(id)) {
			return true
		}
	}
	return v.isErased(tenant, id) || strings.HasPrefix(id, typeid.Subscription) // a subscription may be dropped
}

// expiries checks that what expires is there.
func (v *verifier) expiries(tenant string) error {
	return v.each(tenant, expiriesBucket, func(key, _ []byte) {
		if len(key) <= timeSize {
			v.problem("Tenant %q: an expiry is damaged.", tenant)
			return
		}
		request, err := v.request(tenant, key[timeSize:])
		if err == nil && (request == nil || !request.GetExpireTime().AsTime().Equal(readTime(key))) {
			v.problem("Tenant %q: an expiry belongs to no request key.", tenant)
		}
	})
}

// operations checks that every operation opens, belongs to a stored lead and has its open rows.
func (v *verifier) operations(tenant string) error {
	v.doubts = map[string]uint64{}
	return v.each(tenant, operationsBucket, func(key, _ []byte) {
		id := string(key)
		op, err := v.Operation(tenant, id)
		if errors.Is(err, idmap.ErrErased) {
			return
		}
		v.report.Operations++
		if err != nil {
			v.unreadable(tenant, "operation "+id, err)
			return
		}
		if op.GetOperationId() != id {
			v.problem("Tenant %q: operation %s has another ID inside.", tenant, id)
		}
		if needsLead := !op.GetDirect() || op.GetLeadId() != ""; needsLead && !v.has(tenant, leadsBucket, []byte(op.GetLeadId())) {
			v.problem("Tenant %q: operation %s belongs to lead %s, which is not there.", tenant, id, op.GetLeadId())
		}
		for _, row := range openRows(op) {
			if !v.has(tenant, openBucket, row) {
				v.problem("Tenant %q: operation %s is %s and would never be looked at again.", tenant, id, op.GetState())
			}
		}
		if op.GetState() == leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT {
			v.doubts[op.GetAccount()]++
		}
		for _, row := range journalRows(markOf(op), id) {
			if !v.has(tenant, journalBucket, row) {
				v.problem("Tenant %q: operation %s is missing in a list of operations.", tenant, id)
			}
		}
	})
}

// openRows checks that every open row belongs to an operation that has it, and that the queues are counted right.
func (v *verifier) openRows(tenant string) error {
	held, counted := map[string]uint64{}, map[string]uint64{}
	err := v.each(tenant, openBucket, func(key, value []byte) {
		if key[0] == depthRow {
			counted[string(key[1:])] = readDepth(value)
			return
		}
		if key[0] == doubtRow {
			account, _, _ := cutText(key[1:])
			v.doubted(tenant, account, readDepth(value))
			return
		}
		queue, id, ok := readOpenRow(key)
		if !ok {
			v.problem("Tenant %q: a row of a queue is damaged.", tenant)
			return
		}
		if key[0] == dueRow {
			held[queue]++
		}
		v.openRow(tenant, key, id)
	})
	for account, n := range v.doubts {
		v.problem("Tenant %q: account %s has %d operations in doubt that are not counted.", tenant, account, n)
	}
	for queue := range held {
		counted[queue] += 0 // so that one without a count is seen
	}
	for queue, n := range counted {
		if held[queue] != n {
			account, _, _ := cutText([]byte(queue))
			v.problem("Tenant %q: the queue of account %s holds %d operations and is counted as %d.", tenant, account, held[queue], n)
		}
	}
	return err
}

// doubted checks how many operations in doubt an account is said to have. What is left in doubts afterwards is not counted.
func (v *verifier) doubted(tenant, account string, counted uint64) {
	if held := v.doubts[account]; held != counted {
		v.problem("Tenant %q: account %s has %d operations in doubt and is said to have %d.", tenant, account, held, counted)
	}
	delete(v.doubts, account)
}

// readOpenRow reads a row of the open bucket that leads to an operation; queue is the account and priority that it sorts by, as
// they stand in the row, or empty.
func readOpenRow(key []byte) (queue, operationID string, ok bool) {
	rest := key[1:]
	switch key[0] {
	case startedRow:
		return "", string(rest), true
	case leadRow:
		if _, rest, ok = cutText(rest); !ok {
			return "", "", false
		}
		_, rest, ok = cutText(rest)
		return "", string(rest), ok
	}
	account, rest, ok := cutText(rest)
	if !ok || len(rest) == 0 {
		return "", "", false
	}
	_, operationID, ok = readTimeRow(rest[1:])
	return string(append(appendText(nil, account), rest[0])), operationID, ok
}

// openRow checks a row that leads to an operation. That the operation is damaged or its key gone was said before.
func (v *verifier) openRow(tenant string, row []byte, id string) {
	if !v.has(tenant, operationsBucket, []byte(id)) {
		v.problem("Tenant %q: a row of a queue leads to operation %s, which is not there.", tenant, id)
		return
	}
	op, err := v.Operation(tenant, id)
	if err != nil || contains(openRows(op), row) {
		return
	}
	v.problem("Tenant %q: a row of a queue leads to operation %s, which is in another state.", tenant, id)
}
