package ujet_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// TestForwards plays exchanges of the RPCs that go to the vendor as they are, taken by hand from its documentation.
func TestForwards(t *testing.T) {
	adaptertest.RunForwards(t, "testdata/forward", func(t *testing.T, baseURL string, config map[string]string) adapters.Forwarder {
		t.Helper()
		return mustNew(t, ujet.Config{
			Account: "support", Subdomain: "customer", Token: "s3cret-token", BulkToken: config["bulk_token"],
			CompanySecret: config["company_secret"], ContentAsObject: config["message_content"] == "object",
			BaseURL: baseURL + "/apps/api/v1", Line: vendorhttp.NewLine(vendorhttp.LineConfig{}),
		})
	})
}

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
