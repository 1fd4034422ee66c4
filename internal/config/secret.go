package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// redacted stands wherever a secret would.
const redacted = "[redacted]"

// maxSecretFile bounds what is read of a secret's file, in bytes.
const maxSecretFile = 64 << 10

// Secret is a value that comes from an environment variable or a file, never from the YAML file itself. It prints, logs and
// marshals as "[redacted]"; only Reveal gives the value.
type Secret struct {
	source string  // "environment variable X" or "file /x", for messages
	env    string  // the variable's name, if it is one
	value  *string // behind a pointer, so that no print of an enclosing struct can reach it; nil when it could not be resolved
}

// NewSecret is a secret made by the program itself, such as a sandbox credential.
func NewSecret(value string) Secret { return Secret{source: "built in", value: &value} }

// Given says whether the key is there at all.
func (s Secret) Given() bool { return s.source != "" }

// Reveal is the value, without the line end that files have; empty when it is not given.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return strings.TrimRight(*s.value, "\r\n")
}

// String is "[redacted]".
func (Secret) String() string { return redacted }

// GoString is "[redacted]".
func (Secret) GoString() string { return redacted }

// LogValue is "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// envSecret resolves {env: name}.
func envSecret(name string, env func(string) (string, bool)) (Secret, error) {
	s := Secret{source: "environment variable " + name, env: name}
	value, ok := env(name)
	switch {
	case !ok:
		return s, fmt.Errorf("the %s is not set", s.source)
	case strings.TrimSpace(value) == "":
		return s, fmt.Errorf("the %s is empty", s.source)
	}
	s.value = &value
	return s, nil
}

// fileSecret resolves {file: path}. private refuses a file that others than its owner can read.
func fileSecret(path string, private bool) (Secret, error) {
	s := Secret{source: "file " + path}
	raw, err := readSecretFile(path, private)
	if err != nil {
		return s, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return s, fmt.Errorf("the %s is empty", s.source)
	}
	value := string(raw)
	s.value = &value
	return s, nil
}

func readSecretFile(path string, private bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read file %s: %w", path, bare(err))
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read file %s: %w", path, bare(err))
	}
	if mode := info.Mode().Perm(); private && mode&0o077 != 0 {
		return nil, fmt.Errorf("file %s can be read by others than its owner (mode %04o): chmod 600 it", path, mode)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read file %s: %w", path, bare(err))
	}
	if len(raw) > maxSecretFile {
		return nil, fmt.Errorf("file %s is larger than %d bytes, which is no secret", path, maxSecretFile)
	}
	return raw, nil
}

// bare takes the operation and path off a file error, because our sentence names them.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
