package main

import (
	"log/slog"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// warnOfAssumptions says once, for each account, which of its routes nobody has ever seen written: a contract test against the real
// vendor must confirm them, or the account's routes replace them.
func warnOfAssumptions(accounts []*adapters.Account, logger *slog.Logger) {
	for _, account := range accounts {
		describer, ok := account.Adapter.(adapters.Describer)
		if !ok {
			continue
		}
		var assumed []string
		for _, c := range describer.Capabilities() {
			if c.GetEvidence() == leadmuxv1.Evidence_EVIDENCE_D && !c.GetRouteOverridden() {
				assumed = append(assumed, c.GetRpc())
			}
		}
		if len(assumed) > 0 {
			logger.Warn("routes rest on an assumption; confirm them with the vendor, or set them in the account's routes",
				slog.String("account", account.Name), slog.String("vendor", account.Vendor), slog.String("rpcs", strings.Join(assumed, ", ")))
		}
	}
}
