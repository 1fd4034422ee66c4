package ujet

import (
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// punctuation is what people write inside a number; the vendor's samples have blanks and dashes.
var punctuation = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "")

// wellFormed brings a phone number into E.164; a number without its country is refused (assumed).
func wellFormed(number string) (string, bool) {
	plain := punctuation.Replace(number)
	return plain, e164.MatchString(plain)
}

// outboundNumber is the number a call comes from: the one asked for if it is the centre's, else the
// default. Empty means that an agent has to choose among several.
func (s Settings) outboundNumber(asked string) string {
	if plain, _ := wellFormed(asked); slices.Contains(s.ManagedNumbers, plain) {
		return plain
	}
	if s.DefaultNumber == "" && len(s.ManagedNumbers) == 1 {
		return s.ManagedNumbers[0]
	}
	return s.DefaultNumber
}

// endUserAt finds the end user with that phone number, or makes one that has no identifier yet, as
// the vendor does for a person who only ever called (assumed).
func (e *Emulator) endUserAt(tx *kit.Tx, number string) (EndUser, error) {
	users, err := all[EndUser](tx, KindEndUser)
	if err != nil {
		return EndUser{}, err
	}
	for _, u := range users {
		if u.Phone == nil {
			continue
		}
		if plain, _ := wellFormed(*u.Phone); plain == number {
			return u, nil
		}
	}
	id, err := newID(tx, KindEndUser)
	if err != nil {
		return EndUser{}, err
	}
	u := EndUser{ID: id, Phone: &number, CreatedAt: e.stamp(), UpdatedAt: e.stamp()}
	return u, tx.Put(KindEndUser, key(id), u)
}
