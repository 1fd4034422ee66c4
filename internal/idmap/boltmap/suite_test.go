package boltmap

import (
	"testing"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/idmaptest"
)

func TestContract(t *testing.T) {
	idmaptest.Run(t, func(t *testing.T) idmaptest.Opener {
		t.Helper()
		cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
		return func() (idmap.Store, error) { return Open(cfg) }
	})
}
