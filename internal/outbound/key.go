package outbound

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Prefixes of keys as they are written, and of signatures.
const (
	hmacPrefix   = "whsec_"
	secretPrefix = "whsk_"
	publicPrefix = "whpk_"
	hmacVersion  = "v1,"
	pairVersion  = "v1a,"
)

// Lengths of an HMAC key, in bytes.
const (
	hmacSize    = 32
	minHMACSize = 24
	maxHMACSize = 64
)

// errKey says what a key looks like; it shows nothing of the one that was given.
var errKey = errors.New("a signing key is whsec_ and 24 to 64 bytes in base64 (HMAC-SHA256), or whsk_ and the 32 bytes of a private key in base64 (ed25519)")

// Key signs messages. Print shows nothing of it.
type Key struct {
	open func() secret // a function, because no print of an enclosing struct shows what one holds; nil in the zero Key
}

// secret is one of the two.
type secret struct {
	shared []byte             // HMAC-SHA256: the receiver has it too
	pair   ed25519.PrivateKey // ed25519: the receiver has the public half
}

func newKey(s secret) Key { return Key{open: func() secret { return s }} }

// NewHMACKey makes a key that the endpoint needs a copy of: 256 random bits for HMAC-SHA256.
func NewHMACKey() Key {
	shared := make([]byte, hmacSize)
	_, _ = rand.Read(shared) // never fails
	return newKey(secret{shared: shared})
}

// NewEd25519Key makes a key pair of which the endpoint needs the public half only.
func NewEd25519Key() Key {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	return newKey(secret{pair: ed25519.NewKeyFromSeed(seed)})
}

// ParseKey reads what Secret wrote, or what another sender of Standard Webhooks did; a private ed25519 key may also have its public half
// behind it (64 bytes).
func ParseKey(text string) (Key, error) {
	if shared, ok := decode(text, hmacPrefix); ok && len(shared) >= minHMACSize && len(shared) <= maxHMACSize {
		return newKey(secret{shared: shared}), nil
	}
	raw, ok := decode(text, secretPrefix)
	if !ok || (len(raw) != ed25519.SeedSize && len(raw) != ed25519.PrivateKeySize) {
		return Key{}, errKey
	}
	pair := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
	if !bytes.HasPrefix(pair, raw) {
		return Key{}, errors.New("the second half of this signing key is not the public key of its first")
	}
	return newKey(secret{pair: pair}), nil
}

// decode takes base64 in its one canonical form only.
func decode(text, prefix string) ([]byte, bool) {
	text, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return nil, false
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	return raw, err == nil && base64.StdEncoding.EncodeToString(raw) == text
}

// Valid says whether it is a key; the zero Key is none.
func (k Key) Valid() bool { return k.open != nil }

// Secret is the key as ParseKey reads it. It is shown once where the endpoint needs it (HMAC), and stored sealed. Empty for the zero Key.
func (k Key) Secret() string {
	switch {
	case !k.Valid():
		return ""
	case k.open().pair != nil:
		return secretPrefix + base64.StdEncoding.EncodeToString(k.open().pair.Seed())
	default:
		return hmacPrefix + base64.StdEncoding.EncodeToString(k.open().shared)
	}
}

// PublicKey is what an endpoint verifies the signatures of an ed25519 key with, whpk_ and 32 bytes in base64; empty for an HMAC key.
func (k Key) PublicKey() string {
	if !k.Valid() || k.open().pair == nil {
		return ""
	}
	return publicPrefix + base64.StdEncoding.EncodeToString(k.open().pair[ed25519.SeedSize:])
}

// sign is one entry of webhook-signature.
func (k Key) sign(signed []byte) string {
	if k.open().pair != nil {
		return pairVersion + base64.StdEncoding.EncodeToString(ed25519.Sign(k.open().pair, signed))
	}
	mac := hmac.New(sha256.New, k.open().shared)
	mac.Write(signed)
	return hmacVersion + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

const redacted = "[redacted]"

// Format writes "[redacted]", whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue is "[redacted]".
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }
