package idmaptest

import (
	"errors"
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var stopTests = []contractTest{
	{"an account is stopped from its stop to its end, over a restart, and no other", func(f *fixture) {
		first := idmap.Stop{Reason: leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED, Time: at(1), OperationID: "op_1"}
		again := idmap.Stop{Reason: leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD, Time: at(2)}
		f.wantStop(acme, west, nil)
		for _, stop := range []idmap.Stop{first, again} {
			f.update(func(tx idmap.Tx) error { return tx.PutAccountStop(acme, west, stop) })
			for range 2 {
				f.wantStop(acme, west, &stop)
				f.wantStop(acme, "wes", nil)
				f.wantStop("other", west, nil)
				f.reopen()
			}
		}
		f.sound()
		for range 2 {
			f.update(func(tx idmap.Tx) error { return tx.DeleteAccountStop(acme, west) })
			f.wantStop(acme, west, nil)
			f.reopen()
		}
	}},
}

// wantStop wants an account to be stopped so; nil: not at all.
func (f *fixture) wantStop(tenant, account string, want *idmap.Stop) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.AccountStop(tenant, account)
		switch {
		case want == nil && errors.Is(err, idmap.ErrNotFound):
			return nil
		case err != nil || want == nil:
			return fmt.Errorf("stop: got %v, %w; want %v", got, err, want)
		case got.Reason != want.Reason || !got.Time.Equal(want.Time) || got.OperationID != want.OperationID:
			return fmt.Errorf("stop: got %v, want %v", got, *want)
		}
		return nil
	})
}
