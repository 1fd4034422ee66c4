package delivery

import (
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// Short names of the channels.
const (
	allChannels  = leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL
	smsChannel   = leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS
	emailChannel = leadmuxv1.ContactChannel_CONTACT_CHANNEL_EMAIL
	callChannel  = leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL
)

// Person is what a person is known by. Phones are in E.164; e-mail addresses in any case. With a lead's ID, a suppression that
// was applied to the lead holds whatever became of its values.
type Person struct {
	LeadID string
	Phones []string
	Emails []string
}

// PersonOf is the person that a lead is.
func PersonOf(lead *leadmuxv1.Lead) Person {
	who := Person{LeadID: lead.GetLeadId()}
	for _, phone := range []string{lead.GetPhone(), lead.GetHomePhone(), lead.GetWorkPhone()} {
		if phone != "" && !slices.Contains(who.Phones, phone) {
			who.Phones = append(who.Phones, phone)
		}
	}
	if lead.GetEmail() != "" {
		who.Emails = []string{lead.GetEmail()}
	}
	return who
}

// keys are what the person is found by.
func (p Person) keys() []idmap.PersonKey {
	var keys []idmap.PersonKey
	add := func(kind idmap.PersonKind, values ...string) {
		for _, v := range values {
			if v != "" {
				keys = append(keys, idmap.PersonKey{Kind: kind, Value: v})
			}
		}
	}
	add(idmap.PersonPhone, p.Phones...)
	add(idmap.PersonEmail, p.Emails...)
	add(idmap.PersonLead, p.LeadID)
	return keys
}

// Suppressed is the suppression that forbids to contact the person on a channel by an account, nil when there is none. Whoever
// is about to make a vendor contact somebody asks it in the transaction that marks the attempt, or with the last read before
// the request where nothing is journalled. An empty account asks for any; with ALL or no channel, a suppression of one channel counts.
func Suppressed(r idmap.Reader, tenant string, who Person, account string, channel leadmuxv1.ContactChannel) (*leadmuxv1.Suppression, error) {
	found, err := AllSuppressed(r, tenant, who, account, channel)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// AllSuppressed are all the suppressions that Suppressed would find, the oldest first.
func AllSuppressed(r idmap.Reader, tenant string, who Person, account string, channel leadmuxv1.ContactChannel) ([]*leadmuxv1.Suppression, error) {
	found, err := r.SuppressionsOf(tenant, who.keys())
	return slices.DeleteFunc(found, func(s *leadmuxv1.Suppression) bool { return !holdsAt(s, account) || !blocks(s, channel) }), err
}

// SuppressedError refuses a call because of a suppression.
func SuppressedError(s *leadmuxv1.Suppression) *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_PERSON_SUPPRESSED, "%s", optedOutBy(s)).With("suppression_id", s.GetSuppressionId())
}

// optedOutBy is the sentence about a suppression for people.
func optedOutBy(s *leadmuxv1.Suppression) string {
	return "the person opted out (" + s.GetSuppressionId() + "); only a Reconsent with evidence changes that"
}

// holdsAt says whether a suppression holds at an account; every one does where no account is named.
func holdsAt(s *leadmuxv1.Suppression, account string) bool {
	return account == "" || len(s.GetAccounts()) == 0 || slices.Contains(s.GetAccounts(), account)
}

// blocks says whether a suppression still forbids a channel; with ALL, or none, any channel.
func blocks(s *leadmuxv1.Suppression, channel leadmuxv1.ContactChannel) bool {
	if channel <= allChannels {
		return len(s.GetBlocked()) > 0
	}
	return slices.Contains(s.GetBlocked(), allChannels) || slices.Contains(s.GetBlocked(), channel)
}

// reach is whether an account may contact a lead it has on a channel.
func reach(account *adapters.Account, channel leadmuxv1.ContactChannel) adapters.Reach {
	if keeper, ok := account.Adapter.(adapters.ChannelKeeper); ok && channel != allChannels {
		return keeper.Reach(channel)
	}
	return adapters.ReachAlways
}

// endsAt says whether a suppression keeps the person from an account altogether.
func endsAt(s *leadmuxv1.Suppression, account *adapters.Account) bool {
	return holdsAt(s, account.Name) && slices.ContainsFunc(s.GetBlocked(), func(channel leadmuxv1.ContactChannel) bool {
		return reach(account, channel) == adapters.ReachAlways
	})
}

// KeptFrom is the suppression that keeps a lead from an account altogether, nil when the lead may be given there.
func KeptFrom(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, account *adapters.Account) (*leadmuxv1.Suppression, error) {
	found, err := r.SuppressionsOf(tenant, PersonOf(lead).keys())
	if err != nil {
		return nil, err
	}
	for _, s := range found {
		if endsAt(s, account) {
			return s, nil
		}
	}
	return nil, nil //nolint:nilnil // not suppressed is no error
}

// HeldBack are the channels that an account must be told to leave alone while it has the lead.
func HeldBack(r idmap.Reader, tenant string, lead *leadmuxv1.Lead, account *adapters.Account) ([]leadmuxv1.ContactChannel, error) {
	found, err := r.SuppressionsOf(tenant, PersonOf(lead).keys())
	if err != nil {
		return nil, err
	}
	var channels []leadmuxv1.ContactChannel
	for _, channel := range []leadmuxv1.ContactChannel{smsChannel, emailChannel, callChannel} {
		if reach(account, channel) == adapters.ReachUnlessTold && slices.ContainsFunc(found, func(s *leadmuxv1.Suppression) bool {
			return holdsAt(s, account.Name) && blocks(s, channel)
		}) {
			channels = append(channels, channel)
		}
	}
	return channels, nil
}
