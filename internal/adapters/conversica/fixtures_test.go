package conversica_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
)

// TestFixtures plays exchanges taken by hand from the vendor's documentation; testdata/README.md says from where.
func TestFixtures(t *testing.T) {
	adaptertest.RunFixtures(t, func(t *testing.T, baseURL string, config map[string]string) adapters.LeadWriter {
		return newAdapter(t, conversica.Config{
			BaseURL: baseURL, Username: "acme-api", Password: "open-sesame", ClientID: "tenant-88",
			ConversationID: config["conversation_id"], RepName: config["rep_name"], LeadSource: config["lead_source"],
			QualifiedStatus: config["qualified_status"],
		})
	})
}
