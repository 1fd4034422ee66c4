package verse_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
)

// routes are the overrides in a fixture's config.
func routes(config map[string]string) map[string]string {
	if config["end_route"] == "" {
		return nil
	}
	return map[string]string{"EndConversation": config["end_route"]}
}

// TestFixtures plays exchanges taken by hand from the vendor's documentation; testdata/README.md says from where.
func TestFixtures(t *testing.T) {
	adaptertest.RunFixtures(t, func(t *testing.T, baseURL string, config map[string]string) adapters.LeadWriter {
		return newAdapter(t, verse.Config{
			BaseURL: baseURL + "/v1", APIKey: "verse-key-1", PhoneField: config["phone_field"],
			Routes: routes(config),
		})
	})
}
