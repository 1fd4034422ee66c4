package vendorhttp

import (
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func TestKnownID(t *testing.T) {
	closed := []*leadmuxv1.ClosedEngagement{{VendorLeadId: "first"}, {VendorLeadId: "second"}, {}}
	for name, c := range map[string]struct {
		e    *leadmuxv1.Engagement
		want string
	}{
		"no engagement":        {nil, ""},
		"not known":            {&leadmuxv1.Engagement{Closed: closed[2:]}, ""},
		"engaged":              {&leadmuxv1.Engagement{VendorLeadId: "now", Closed: closed}, "now"},
		"before, latest first": {&leadmuxv1.Engagement{Closed: closed}, "second"},
	} {
		if got := KnownID(c.e); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
