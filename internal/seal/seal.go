// Package seal holds the service's one secret and what is derived from it: the wrapping of per-lead data keys, the keyed
// hashes of look-ups and request fingerprints, and the signatures of page tokens. Nothing personal reaches a disk except
// through a DataKey. The stores and the service use it.
package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// KeySize is the length of the secret and of a data key, in bytes.
const KeySize = 32

// ErrSecret is returned for a secret that is too short.
var ErrSecret = errors.New("secret key must hold at least 32 bytes")

// ErrWrongKey is returned when something was sealed or wrapped under another secret, for another purpose, or is damaged.
var ErrWrongKey = errors.New("cannot open: wrong secret key or damaged data")

// Secret is the service's secret. Its methods may be called from several goroutines.
type Secret struct {
	wrap *subtle.XChaCha20Poly1305
	mac  []byte
}

// NewSecret derives everything from master, the content of the secret key file; at least 32 bytes.
func NewSecret(master []byte) (*Secret, error) {
	if len(master) < KeySize {
		return nil, fmt.Errorf("%w, this one has %d", ErrSecret, len(master))
	}
	wrapKey, err := hkdf.Key(sha256.New, master, nil, "leadmux wrap v1", KeySize)
	if err != nil {
		return nil, err
	}
	mac, err := hkdf.Key(sha256.New, master, nil, "leadmux mac v1", KeySize)
	if err != nil {
		return nil, err
	}
	wrap, err := subtle.NewXChaCha20Poly1305(wrapKey)
	if err != nil {
		return nil, err
	}
	return &Secret{wrap: wrap, mac: mac}, nil
}

// Sum is the keyed hash of parts for one purpose: 32 bytes. Different purposes or other part boundaries give other sums.
func (s *Secret) Sum(purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, s.mac)
	write := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	write([]byte(purpose))
	for _, p := range parts {
		write(p)
	}
	return h.Sum(nil)
}

// NewDataKey makes a data key with the given ID and returns its wrapped form, which is all that may be stored.
func (s *Secret) NewDataKey(id string) ([]byte, error) {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return s.wrap.Encrypt(key, []byte(id))
}

// DataKey unwraps what NewDataKey returned for the same ID. It fails with ErrWrongKey.
func (s *Secret) DataKey(id string, wrapped []byte) (*DataKey, error) {
	key, err := s.wrap.Decrypt(wrapped, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("data key %s: %w", id, ErrWrongKey)
	}
	aead, err := subtle.NewXChaCha20Poly1305(key)
	if err != nil {
		return nil, err
	}
	return &DataKey{aead: aead}, nil
}

// Seal encrypts what belongs to no person but is secret, such as the keys of subscriptions, under the secret itself. place is that of
// DataKey.Seal.
func (s *Secret) Seal(plain []byte, place string) ([]byte, error) {
	return s.wrap.Encrypt(plain, []byte(recordPlace+place))
}

// Open decrypts what Seal made for the same place. It fails with ErrWrongKey.
func (s *Secret) Open(sealed []byte, place string) ([]byte, error) {
	plain, err := s.wrap.Decrypt(sealed, []byte(recordPlace+place))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, ErrWrongKey)
	}
	return plain, nil
}

// recordPlace keeps what Seal makes apart from data keys, which are wrapped for their IDs.
const recordPlace = "record "

// DataKey seals what belongs to one lead.
type DataKey struct {
	aead *subtle.XChaCha20Poly1305
}

// Seal encrypts plain. place says where the result will stand; Open needs the same one, so that a record cannot be moved.
func (k *DataKey) Seal(plain []byte, place string) ([]byte, error) {
	return k.aead.Encrypt(plain, []byte(place))
}

// Open decrypts what Seal made for the same place. It fails with ErrWrongKey.
func (k *DataKey) Open(sealed []byte, place string) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, ErrWrongKey)
	}
	return plain, nil
}
