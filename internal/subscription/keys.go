package subscription

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/outbound"
)

// maxKeys is how many keys sign at once; whoever rotates more often ends the oldest.
const maxKeys = 3

// NewKey makes a signing key.
func NewKey(kind leadmuxv1.SignatureKind, now time.Time) idmap.SigningKey {
	key := outbound.NewHMACKey()
	if kind == leadmuxv1.SignatureKind_SIGNATURE_KIND_ED25519 {
		key = outbound.NewEd25519Key()
	}
	return idmap.SigningKey{Secret: key.Secret(), CreateTime: now}
}

// Rotate puts a new key before the others. That which was the newest goes on to sign for overlap.
func Rotate(keys []idmap.SigningKey, kind leadmuxv1.SignatureKind, overlap time.Duration, now time.Time) []idmap.SigningKey {
	rotated := []idmap.SigningKey{NewKey(kind, now)}
	for _, key := range keys {
		if end := now.Add(overlap); key.ExpireTime.IsZero() || end.Before(key.ExpireTime) {
			key.ExpireTime = end
		}
		if signs(key, now) && len(rotated) < maxKeys && !mutant.ForgetOldWebhookSecret {
			rotated = append(rotated, key)
		}
	}
	return rotated
}

func signs(key idmap.SigningKey, now time.Time) bool {
	return key.ExpireTime.IsZero() || key.ExpireTime.After(now)
}

// signing are the keys that sign now.
func signing(keys []idmap.SigningKey, now time.Time) ([]outbound.Key, error) {
	var all []outbound.Key
	for _, stored := range keys {
		if !signs(stored, now) {
			continue
		}
		key, err := outbound.ParseKey(stored.Secret)
		if err != nil {
			return nil, fmt.Errorf("a stored key: %w", err)
		}
		all = append(all, key)
	}
	return all, nil
}

// PublicKeys are the keys that sign now without what is secret of them.
func PublicKeys(keys []idmap.SigningKey, now time.Time) ([]*leadmuxv1.SubscriptionKey, error) {
	var all []*leadmuxv1.SubscriptionKey
	for _, stored := range keys {
		if !signs(stored, now) {
			continue
		}
		key, err := outbound.ParseKey(stored.Secret)
		if err != nil {
			return nil, fmt.Errorf("a stored key: %w", err)
		}
		public := &leadmuxv1.SubscriptionKey{PublicKey: key.PublicKey(), CreateTime: timestamppb.New(stored.CreateTime)}
		if !stored.ExpireTime.IsZero() {
			public.ExpireTime = timestamppb.New(stored.ExpireTime)
		}
		all = append(all, public)
	}
	return all, nil
}
