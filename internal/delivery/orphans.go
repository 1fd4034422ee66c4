package delivery

import (
	"context"
	"log/slog"

	"github.com/leadmux/leadmux/internal/idmap"
)

// orphans are the accounts that have unsettled operations and are no longer configured. Two tenants' accounts of one name count
// as one; that is for those who watch, who see no tenants.
func (d *Dispatcher) orphans(ctx context.Context) ([]idmap.Backlog, error) {
	var orphans []idmap.Backlog
	err := d.store.View(ctx, func(r idmap.Reader) error {
		all, err := r.Backlogs()
		if err != nil {
			return err
		}
		at := map[string]int{} // where an account stands in orphans
		orphans = nil
		for _, b := range all {
			if _, configured := d.accounts.Get(b.Tenant, b.Account); configured {
				continue
			}
			i, known := at[b.Account]
			if !known {
				i, at[b.Account] = len(orphans), len(orphans)
				orphans = append(orphans, idmap.Backlog{Account: b.Account})
			}
			orphans[i].Queued += b.Queued
			orphans[i].InDoubt += b.InDoubt
		}
		return nil
	})
	return orphans, err
}

// warnOfOrphans says at the start what will not be sent. An account whose name is configured for another tenant is such a one, too.
func (d *Dispatcher) warnOfOrphans(ctx context.Context) error {
	orphans, err := d.orphans(ctx)
	for _, orphan := range orphans {
		d.logger.Warn("operations wait for an account that is no longer configured; configure it again, or resolve them",
			slog.String("account", orphan.Account), slog.Int("queued", orphan.Queued), slog.Int("in_doubt", orphan.InDoubt))
	}
	return err
}
