package config

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// maxKeyRate and maxBurst bound a caller's quota.
const (
	maxKeyRate = 100_000
	maxBurst   = 1_000_000
)

var (
	keyName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	hexSum  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Sum is SHA256 as bytes; zero when it is not valid.
func (key APIKey) Sum() [sha256.Size]byte {
	var sum [sha256.Size]byte
	if raw, err := hex.DecodeString(key.SHA256); err == nil && len(raw) == len(sum) {
		copy(sum[:], raw)
	}
	return sum
}

// apiKeys checks the callers.
func (k *checker) apiKeys() {
	if len(k.c.APIKeys) == 0 && !k.c.Sandbox {
		k.bad("api_keys", "there are none, so nobody could call; leadmux-server new-key makes one")
	}
	names, sums := map[string]int{}, map[string]int{}
	for i := range k.c.APIKeys {
		a, key := &k.c.APIKeys[i], item("api_keys", i)
		if !keyName.MatchString(a.Name) {
			k.bad(key+".name", "must be 1 to 64 letters, digits and . _ -")
		} else if before, twice := names[a.Name]; twice {
			k.bad(key+".name", "%q is the name of %s already", a.Name, item("api_keys", before))
		} else {
			names[a.Name] = i
		}
		k.sum(key+".sha256", i, a.SHA256, sums)
		k.apiKey(key, a)
	}
}

// sum checks a key's hash. It is not repeated in messages: people paste the key itself.
func (k *checker) sum(key string, i int, sum string, sums map[string]int) {
	empty := sha256.Sum256(nil)
	before, twice := sums[sum]
	switch {
	case !hexSum.MatchString(sum):
		k.bad(key, "must be the key's SHA-256 as 64 hex digits, never the key itself; leadmux-server new-key prints both")
	case sum == hex.EncodeToString(empty[:]):
		k.bad(key, "is the hash of an empty key")
	case twice:
		k.bad(key, "is the key of %s already", item("api_keys", before))
	default:
		sums[sum] = i
	}
}

func (k *checker) apiKey(key string, a *APIKey) {
	if !nameForm.MatchString(a.Tenant) {
		k.bad(key+".tenant", "%s", nameRule)
	}
	if len(a.Scopes) == 0 {
		k.bad(key+".scopes", "is required: of %s, or \"*\" for all", strings.Join(KnownScopes, ", "))
	}
	for j, scope := range a.Scopes {
		if scope != "*" && !slices.Contains(KnownScopes, scope) {
			k.bad(item(key+".scopes", j), "there is no scope %q; there are: %s, and \"*\" for all", scope, strings.Join(KnownScopes, ", "))
		}
	}
	for j, name := range a.Accounts {
		at := item(key+".accounts", j)
		if account := k.knownAccount(at, name); account != nil && account.Tenant != a.Tenant {
			k.bad(at, "account %q belongs to tenant %q, the key to %q", name, account.Tenant, a.Tenant)
		}
	}
	if !validRate(a.RatePerSecond) {
		k.bad(key+".rate_per_second", "must be more than 0 and at most %d", maxKeyRate)
	} else if a.Burst < 1 || a.Burst > maxBurst {
		k.bad(key+".burst", "must be at least 1 and at most %d", maxBurst)
	}
}

// validRate says whether a caller's quota is a usable number.
func validRate(rate float64) bool { return rate > 0 && rate <= maxKeyRate }
