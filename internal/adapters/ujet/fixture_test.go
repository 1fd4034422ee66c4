package ujet_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// TestFixtures plays exchanges taken by hand from the vendor's documentation; testdata/README.md says from where.
func TestFixtures(t *testing.T) {
	adaptertest.RunFixtures(t, func(t *testing.T, baseURL string, config map[string]string) adapters.LeadWriter {
		t.Helper()
		return mustNew(t, ujet.Config{
			Account: "support", Subdomain: "customer", Token: "s3cret-token", Identifier: config["identifier"],
			BaseURL: baseURL + "/apps/api/v1", Line: vendorhttp.NewLine(vendorhttp.LineConfig{}),
		})
	})
}
