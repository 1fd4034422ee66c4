package e2e_test

import (
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// createPerson gives an invented person to the four default accounts.
func createPerson(n int) *leadmuxv1.CreateLeadRequest {
	return &leadmuxv1.CreateLeadRequest{Lead: harness.Person(n)}
}
