package service

import (
	"fmt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

func addDoNotCall(f *forward, r *leadmuxv1.AddDoNotCallNumbersRequest) error {
	once := distinct{}
	for i, n := range r.GetNumbers() {
		at := fmt.Sprintf("numbers[%d]", i)
		if err := f.e164(at+".phone_number", &n.PhoneNumber); err != nil {
			return err
		}
		if err := once.add(at+".phone_number", n.GetPhoneNumber()); err != nil {
			return err
		}
		if n.GetExpireTime() != nil && !n.GetExpireTime().AsTime().After(f.s.cfg.Now()) {
			return rpcerr.Invalid(at+".expire_time", "must be in the future; leave it out for a number that stays on the list")
		}
	}
	return nil
}

func removeDoNotCall(f *forward, r *leadmuxv1.RemoveDoNotCallNumbersRequest) error {
	once := distinct{}
	for i := range r.GetPhoneNumbers() {
		at := fmt.Sprintf("phone_numbers[%d]", i)
		if err := f.e164(at, &r.PhoneNumbers[i]); err != nil {
			return err
		}
		if err := once.add(at, r.GetPhoneNumbers()[i]); err != nil {
			return err
		}
	}
	return nil
}

// distinct are values with the field that each first stood in.
type distinct map[string]string

// add refuses a value that is there already.
func (d distinct) add(field, value string) error {
	if first, twice := d[value]; twice {
		return rpcerr.Invalid(field, "is the same as %s", first)
	}
	d[value] = field
	return nil
}
