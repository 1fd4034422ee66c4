package verse_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
)

// TestForwards plays exchanges of the RPCs that go to the vendor as they are: its webhook subscriptions.
func TestForwards(t *testing.T) {
	adaptertest.RunForwards(t, "testdata/forward", func(t *testing.T, baseURL string, _ map[string]string) adapters.Forwarder {
		return newAdapter(t, verse.Config{BaseURL: baseURL + "/v1", APIKey: "verse-key-1"})
	})
}
