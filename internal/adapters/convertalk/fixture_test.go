package convertalk_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
)

// TestFixtures plays exchanges taken by hand from the vendor's documentation; testdata/README.md says from where.
func TestFixtures(t *testing.T) {
	adaptertest.RunFixtures(t, func(t *testing.T, baseURL string, config map[string]string) adapters.LeadWriter {
		t.Helper()
		return fixtureAdapter(t, baseURL, config)
	})
}

// TestForwards plays those of the RPCs that are about chats.
func TestForwards(t *testing.T) {
	adaptertest.RunForwards(t, "testdata/forward", func(t *testing.T, baseURL string, config map[string]string) adapters.Forwarder {
		t.Helper()
		return fixtureAdapter(t, baseURL, config)
	})
}

func fixtureAdapter(t *testing.T, baseURL string, config map[string]string) *convertalk.Adapter {
	t.Helper()
	return mustNew(t, convertalk.Config{
		Account: "site-bot", BaseURL: baseURL, Token: "put-token", BotToken: "list-token",
		BotID: "64a1f0c2b7e94d0012ab34cd", CustomerID: "64a1f0c2b7e94d0012ab0001",
		ArrayFields: config["array_fields"], ArrayMode: config["array_mode"],
	})
}
