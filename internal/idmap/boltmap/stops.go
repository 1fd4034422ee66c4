package boltmap

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// AccountStop implements idmap.Reader.
func (r reader) AccountStop(tenant, account string) (idmap.Stop, error) {
	value := r.get(tenant, stopsBucket, []byte(account))
	if value == nil {
		return idmap.Stop{}, fmt.Errorf("stop of account %s: %w", account, idmap.ErrNotFound)
	}
	var record storev1.StopRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return idmap.Stop{}, fmt.Errorf("stop of account %s: damaged record: %w", account, err)
	}
	return idmap.Stop{Reason: record.GetReason(), Time: record.GetTime().AsTime(), OperationID: record.GetOperationId()}, nil
}

// PutAccountStop implements idmap.Tx.
func (w writer) PutAccountStop(tenant, account string, stop idmap.Stop) error {
	value, err := proto.Marshal(&storev1.StopRecord{
		Reason: stop.Reason, Time: timestamppb.New(stop.Time), OperationId: stop.OperationID,
	})
	if err != nil {
		return fmt.Errorf("stop of account %s: %w", account, err)
	}
	return w.put(tenant, stopsBucket, []byte(account), value)
}

// DeleteAccountStop implements idmap.Tx.
func (w writer) DeleteAccountStop(tenant, account string) error {
	return w.delete(tenant, stopsBucket, []byte(account))
}

// stops checks that every stop opens.
func (v *verifier) stops(tenant string) error {
	return v.each(tenant, stopsBucket, func(key, _ []byte) {
		if _, err := v.AccountStop(tenant, string(key)); err != nil {
			v.problem("Tenant %q: the stop of account %s is damaged.", tenant, key)
		}
	})
}
