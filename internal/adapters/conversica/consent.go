package conversica

import leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"

const (
	granted = leadmuxv1.ConsentState_CONSENT_STATE_GRANTED
	denied  = leadmuxv1.ConsentState_CONSENT_STATE_DENIED
)

// optOut is the vendor's global opt-out, "all methods of marketing and contact". It is true only when all three channels are
// refused, since a refusal of one must not end the others. It is false only when the person agreed to e-mail, the channel the
// vendor writes on unless told otherwise: consent to texts or calls alone must not lift an opt-out the person has declared to
// the vendor. Otherwise it is left out, which leaves the vendor's own knowledge as it is (assumed).
func optOut(c *leadmuxv1.Consent) *bool {
	email := c.GetEmail().GetState()
	switch {
	case refusedAll(c):
		return new(true)
	case email == granted:
		return new(false)
	}
	return nil
}

func refusedAll(c *leadmuxv1.Consent) bool {
	return c.GetSms().GetState() == denied && c.GetEmail().GetState() == denied && c.GetCall().GetState() == denied
}

// smsConsent is smsOptIn and smsOptOut, both or neither: an SMS conversation requires the two.
func smsConsent(state leadmuxv1.ConsentState) (in, out *bool) {
	switch state {
	case granted:
		return new(true), new(false)
	case denied:
		return new(false), new(true)
	default:
		return nil, nil
	}
}
