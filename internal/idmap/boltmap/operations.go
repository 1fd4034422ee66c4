package boltmap

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

const operationPlace = "operation"

// Operation implements idmap.Reader. The error of an erased lead's operation is also ErrKeyGone.
func (r reader) Operation(tenant, operationID string) (*leadmuxv1.Operation, error) {
	value := r.get(tenant, operationsBucket, []byte(operationID))
	if value == nil {
		return nil, fmt.Errorf("operation %s: %w", operationID, idmap.ErrNotFound)
	}
	op := new(leadmuxv1.Operation)
	if err := r.openRecord(tenant, value, place(operationPlace, tenant, operationID), op); err != nil {
		return nil, err
	}
	return op, nil
}

// PutOperation implements idmap.Tx.
func (w writer) PutOperation(tenant string, op *leadmuxv1.Operation) error {
	id := op.GetOperationId()
	keyID, key, err := w.leadKey(tenant, op.GetLeadId())
	if err != nil {
		return fmt.Errorf("operation %s: %w", id, err)
	}
	old, err := w.Operation(tenant, id)
	if errors.Is(err, idmap.ErrNotFound) && !isLost(err) {
		old, err = nil, nil
	}
	if err != nil {
		return err
	}
	value, err := sealRecord(keyID, key, op, place(operationPlace, tenant, id))
	if err != nil {
		return err
	}
	value, err = proto.MarshalOptions{}.MarshalAppend(value, &storev1.SealedRecord{Mark: markOf(op)}) // one message behind another is both
	if err != nil {
		return fmt.Errorf("operation %s: %w", id, err)
	}
	if err := w.put(tenant, operationsBucket, []byte(id), value); err != nil {
		return err
	}
	return w.moveRows(tenant, old, op)
}
