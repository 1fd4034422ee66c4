package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// Key is a caller's API key. The key itself is a secret of the caller; only its hash is here.
type Key struct {
	Name          string // unique in its tenant
	SHA256        [sha256.Size]byte
	Tenant        string
	Scopes        []string
	Accounts      []string
	RatePerSecond float64 // quota of calls; 0 or less for none
	Burst         int     // calls that may come at once
}

// Keys holds the keys that are valid now. Its methods may be called from several goroutines.
type Keys struct {
	mu      sync.Mutex // of Replace
	current atomic.Pointer[[]*holder]
}

// holder is a key with what lives as long as it does.
type holder struct {
	key      Key
	limiter  *rate.Limiter   // nil without quota; goes on over a change of the key, so that a reload gives no fresh quota
	valid    context.Context // done when the key is withdrawn or changed
	withdraw context.CancelFunc
}

// NewKeys makes a holder of keys.
func NewKeys(keys []Key) *Keys {
	k := &Keys{}
	k.Replace(keys)
	return k
}

// Len is how many keys are valid.
func (k *Keys) Len() int { return len(k.holders()) }

func (k *Keys) holders() []*holder {
	if all := k.current.Load(); all != nil {
		return *all
	}
	return nil
}

// Replace makes exactly keys valid, at once. Streams of keys that are gone or changed are ended; quotas go on.
func (k *Keys) Replace(keys []Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.holders()
	kept := make(map[*holder]bool, len(old))
	next := make([]*holder, 0, len(keys))
	for _, key := range keys {
		h := successor(old, key)
		kept[h] = true
		next = append(next, h)
	}
	k.current.Store(&next)
	for _, h := range old {
		if !kept[h] {
			h.withdraw()
		}
	}
}

// successor is the holder for key: the old one if nothing changed, else a new one that takes over the quota of its namesake.
func successor(old []*holder, key Key) *holder {
	i := slices.IndexFunc(old, func(h *holder) bool { return h.key.Tenant == key.Tenant && h.key.Name == key.Name })
	if i >= 0 && reflect.DeepEqual(old[i].key, key) {
		return old[i]
	}
	h := &holder{key: key}
	h.valid, h.withdraw = context.WithCancel(context.Background())
	if key.RatePerSecond <= 0 {
		return h
	}
	if i >= 0 && old[i].limiter != nil {
		h.limiter = old[i].limiter
		h.limiter.SetLimit(rate.Limit(key.RatePerSecond))
		h.limiter.SetBurst(max(key.Burst, 1))
		return h
	}
	h.limiter = rate.NewLimiter(rate.Limit(key.RatePerSecond), max(key.Burst, 1))
	return h
}

// find is the holder of a key as it was sent, or nil. Every key is compared, each in constant time, so that the time taken says
// nothing about which one was close.
func (k *Keys) find(sent string) *holder {
	sum := sha256.Sum256([]byte(sent))
	var found *holder
	for _, h := range k.holders() {
		if subtle.ConstantTimeCompare(sum[:], h.key.SHA256[:]) == 1 {
			found = h
		}
	}
	return found
}

func (h *holder) principal() Principal {
	return Principal{Name: h.key.Name, Tenant: h.key.Tenant, Scopes: h.key.Scopes, Accounts: h.key.Accounts, holder: h}
}
