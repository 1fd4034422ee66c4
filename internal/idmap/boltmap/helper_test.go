package boltmap

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"

	"github.com/leadmux/leadmux/internal/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSecret makes a secret of one repeated byte.
func newSecret(tb testing.TB, fill byte) *seal.Secret {
	tb.Helper()
	s, err := seal.NewSecret(bytes.Repeat([]byte{fill}, seal.KeySize))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// openStore opens a store that the test closes.
func openStore(tb testing.TB, cfg Config) *Store {
	tb.Helper()
	s, err := Open(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}
