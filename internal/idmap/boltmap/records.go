package boltmap

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	"github.com/leadmux/leadmux/internal/seal"
)

// place names where a sealed record stands, which is part of its seal. It is unique because the tenant is quoted.
func place(kind, tenant, id string) string {
	return kind + " " + strconv.Quote(tenant) + " " + id
}

// open reads a sealed message. It fails with ErrKeyGone if its key is gone, with seal.ErrWrongKey if it is damaged or was
// moved. Without a key ID, sealed is in clear.
func (r reader) open(tenant, keyID string, sealed []byte, place string, into proto.Message) error {
	plain := sealed
	if keyID != "" {
		var err error
		if plain, err = r.unseal(tenant, keyID, sealed, place); err != nil {
			return err
		}
	}
	if err := proto.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("%s: damaged record: %w", place, err)
	}
	return nil
}

// unseal reads what is sealed; its errors are those of open.
func (r reader) unseal(tenant, keyID string, sealed []byte, place string) ([]byte, error) {
	key, err := r.dataKey(tenant, keyID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return key.Open(sealed, place)
}

// openRecord reads a SealedRecord.
func (r reader) openRecord(tenant string, value []byte, place string, into proto.Message) error {
	var record storev1.SealedRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return fmt.Errorf("%s: damaged record: %w", place, err)
	}
	return r.open(tenant, record.GetKeyId(), record.GetSealed(), place, into)
}

// sealRecord makes a SealedRecord; in clear without a key.
func sealRecord(keyID string, key *seal.DataKey, message proto.Message, place string) ([]byte, error) {
	plain, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	record := storev1.SealedRecord{KeyId: keyID, Sealed: plain}
	if keyID != "" {
		if record.Sealed, err = key.Seal(plain, place); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
	}
	return proto.Marshal(&record)
}
