package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
)

// keyPrefix lets people and scanners of leaked secrets see what a key is for.
const keyPrefix = "leadmux_"

// keySize is the length of a key's random part, in bytes.
const keySize = 32

// callerName is what a caller may be called.
var callerName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// newKeyCmd makes an API key. It is shown once; the service keeps only its hash.
type newKeyCmd struct {
	Name string `default:"my-caller" help:"Name of the caller, for the configuration and logs."`
}

// Run prints the key, its SHA-256, and its line in the configuration.
func (c *newKeyCmd) Run(t terminal) error {
	if !callerName.MatchString(c.Name) {
		return fmt.Errorf("--name must be 1 to 64 letters, digits and . _ -; %w", errUsage)
	}
	raw := make([]byte, keySize)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	key := keyPrefix + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(key))
	hash := hex.EncodeToString(sum[:])
	_, err := fmt.Fprintf(t.out, "key: %s\nsha256: %s\n\n# for the caller: Authorization: Bearer <key>. For the configuration:\n"+
		"api_keys:\n  - {name: %s, sha256: %s, scopes: [leads.write, leads.read]}\n", key, hash, c.Name, hash)
	return err
}
