package adapters_test

import (
	"slices"
	"testing"

	"github.com/leadmux/leadmux/internal/adapters"
)

// TestP21AnAccountIsItsTenantsOnly: by name and in lists; to others it is as if it were not there.
func TestP21AnAccountIsItsTenantsOnly(t *testing.T) {
	given := []*adapters.Account{{Name: "west", Tenant: "a"}, {Name: "east", Tenant: "b"}, {Name: "north", Tenant: "a"}}
	set := adapters.NewSet(given)
	for _, c := range []struct {
		tenant, name string
		there        bool
	}{
		{"a", "west", true}, {"a", "north", true}, {"b", "east", true},
		{"b", "west", false}, {"a", "east", false}, {"", "west", false}, {"a", "", false}, {"a", "WEST", false}, {"A", "west", false},
	} {
		account, there := set.Get(c.tenant, c.name)
		if there != c.there || (account != nil) != c.there || (there && (account.Name != c.name || account.Tenant != c.tenant)) {
			t.Errorf("%s of tenant %q: %v, %t", c.name, c.tenant, account, there)
		}
	}
	for tenant, want := range map[string][]string{"a": {"north", "west"}, "b": {"east"}, "c": nil} {
		if got := names(set.Of(tenant)); !slices.Equal(got, want) {
			t.Errorf("tenant %s has %v, want %v", tenant, got, want)
		}
	}
	all := set.All()
	if want := []string{"east", "north", "west"}; !slices.Equal(names(all), want) || given[0].Name != "west" {
		t.Errorf("%v, want %v; what was given is now %v", names(all), want, names(given))
	}
	all[0] = nil // the caller's own
	if set.All()[0] == nil {
		t.Error("a caller changed the set")
	}
}

func names(accounts []*adapters.Account) []string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	return names
}
