package config

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	secretKeyFile = "secret.key"
	// secretKeySize is the least number of bytes, and what a new key has.
	secretKeySize = 32
	// minDistinct is the least number of different byte values in a key. 32 random bytes have about 30; fewer than 16 do not
	// happen, so it is a key somebody typed.
	minDistinct = 16
)

// SecretKey is the service's one secret, at least 32 bytes. Where secret_key is not configured it is in
// DataDir/secret.key, which is made once: 32 random bytes in base64, mode 0600. It must be kept: without it the index cannot
// be read, so it is never made anew beside databases.
//
// The content is exactly 32 raw bytes, or base64 text of at least 32 bytes (openssl rand -base64 32).
func SecretKey(cfg *Config) ([]byte, error) {
	path := filepath.Join(cfg.DataDir, secretKeyFile)
	if _, err := os.Stat(path); !cfg.SecretKey.Given() && errors.Is(err, fs.ErrNotExist) {
		if found, _ := filepath.Glob(filepath.Join(cfg.DataDir, "*.db")); len(found) > 0 {
			return nil, fmt.Errorf("%s is missing, and without it %s cannot be read: put it back from its backup", path, found[0])
		}
		if err := makeSecretKey(cfg.DataDir, path); err != nil {
			return nil, fmt.Errorf("cannot make the secret key %s: %w", path, err)
		}
	}
	return ReadSecretKey(cfg)
}

// ReadSecretKey is SecretKey without making one.
func ReadSecretKey(cfg *Config) ([]byte, error) {
	var err error
	secret := cfg.SecretKey
	if !secret.Given() {
		secret, err = fileSecret(filepath.Join(cfg.DataDir, secretKeyFile), true)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	key, err := secret.key()
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return key, nil
}

// key reads the secret as a key.
func (s Secret) key() ([]byte, error) {
	if s.value == nil {
		return nil, fmt.Errorf("the %s could not be read", s.source)
	}
	key := []byte(*s.value) // raw bytes may end in what looks like a line end
	if decoded, err := base64.StdEncoding.DecodeString(s.Reveal()); err == nil {
		key = decoded
	} else if len(key) != secretKeySize || printable(key) {
		return nil, fmt.Errorf("the %s must hold base64 text of at least %d random bytes: openssl rand -base64 %d makes one",
			s.source, secretKeySize, secretKeySize)
	}
	if len(key) < secretKeySize {
		return nil, fmt.Errorf("the %s holds %d bytes, at least %d are needed: openssl rand -base64 %d makes them",
			s.source, len(key), secretKeySize, secretKeySize)
	}
	if distinct(key) < minDistinct {
		return nil, fmt.Errorf("the %s is not random: openssl rand -base64 %d makes one that is", s.source, secretKeySize)
	}
	return key, nil
}

func printable(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' })
}

func distinct(b []byte) int {
	var seen [256]bool
	n := 0
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n
}

// makeSecretKey writes a new key beside path and then links it there, so that a crash leaves either the whole key or none,
// and of two processes that start together both get the one that was first.
func makeSecretKey(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return bare(err)
	}
	raw := make([]byte, secretKeySize)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	draft := path + "." + rand.Text()
	if err := writeDurably(draft, base64.StdEncoding.EncodeToString(raw)+"\n"); err != nil {
		return errors.Join(bare(err), removeIfThere(draft))
	}
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Remove(draft))
	}
	if err := os.Remove(draft); err != nil {
		return bare(err)
	}
	return syncDir(dir)
}

func writeDurably(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return bare(err)
	}
	return errors.Join(d.Sync(), d.Close())
}
