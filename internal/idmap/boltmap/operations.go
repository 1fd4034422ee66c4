package boltmap

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
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

// PutOperation implements idmap.Tx. One that is about no lead keeps the data key it was first stored with.
func (w writer) PutOperation(tenant string, op *leadmuxv1.Operation) error {
	id := op.GetOperationId()
	old, err := w.Operation(tenant, id)
	if errors.Is(err, idmap.ErrNotFound) && !isLost(err) {
		old, err = nil, nil
	}
	if err != nil {
		return err
	}
	keyID, key, err := w.operationKey(tenant, op)
	if err != nil {
		return fmt.Errorf("operation %s: %w", id, err)
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

// operationKey is the data key of what an operation is about, or one of its own.
func (w writer) operationKey(tenant string, op *leadmuxv1.Operation) (string, *seal.DataKey, error) {
	if !op.GetDirect() || op.GetLeadId() != "" {
		return w.leadKey(tenant, op.GetLeadId())
	}
	keyID, key, err := w.sessionKey(tenant, op.GetCallId(), op.GetChatId())
	if keyID != "" || err != nil {
		return keyID, key, err
	}
	var record storev1.SealedRecord
	if err := proto.Unmarshal(w.get(tenant, operationsBucket, []byte(op.GetOperationId())), &record); err != nil {
		return "", nil, fmt.Errorf("damaged record: %w", err)
	}
	return w.ownKey(tenant, record.GetKeyId())
}
