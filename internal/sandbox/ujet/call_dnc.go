package ujet

import (
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// companyList is the ledger kind of the company's do-not-call list, each number under itself in E.164.
const companyList = "dnc"

// mayCall refuses an outbound or scheduled call to a number on the company's do-not-call list, where the
// centre is set up so; the text is the vendor's, the status assumed. Inbound calls are not blocked.
func (e *Emulator) mayCall(tx *kit.Tx, number string) error {
	var entry struct {
		ExpiresAt *string `json:"expires_at"`
	}
	listed, err := tx.Get(companyList, number, &entry)
	if err != nil || !listed || e.settings.Get().DNCAllowsCalls {
		return err
	}
	if entry.ExpiresAt != nil {
		until, err := time.Parse("2006-01-02 15:04:05 MST", *entry.ExpiresAt)
		if err == nil && until.Before(e.now()) {
			return nil
		}
	}
	return badRequest("This call cannot be placed because the phone number is on the Company DNC list.")
}
