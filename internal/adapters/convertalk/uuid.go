package convertalk

import (
	"encoding/base32"
	"time"

	"github.com/google/uuid"

	"github.com/leadmux/leadmux/internal/typeid"
)

// vendorUUID is our lead ID as the vendor knows it: the same 128 bits, but for the version, which is written 4 because the
// vendor's own uuids have that version.
func vendorUUID(leadID string) (string, error) {
	id, err := typeid.UUID(typeid.Lead, leadID)
	if err != nil {
		return "", err
	}
	return version4(id).String(), nil
}

func version4(id uuid.UUID) uuid.UUID {
	id[6] = id[6]&0x0f | 0x40
	return id
}

// leadID is the ID of our lead that a uuid was made from; empty for a uuid of the vendor's own. Only the version was written
// over, so all of the ID can be read back, and that it begins with the moment the lead was made tells it from a random one, but
// for one in a thousand: the caller must see whether there is such a lead. created is when the vendor made the record, zero
// when that is not known.
func leadID(text string, created time.Time) string {
	id, err := uuid.Parse(text)
	if err != nil || id.Version() != 4 || id.Variant() != uuid.RFC4122 || id.String() != text {
		return ""
	}
	latest := created.Add(clockSkew)
	if created.IsZero() {
		latest = firstLead.AddDate(100, 0, 0)
	}
	id[6] = id[6]&0x0f | 0x70
	seconds, nanoseconds := id.Time().UnixTime()
	if made := time.Unix(seconds, nanoseconds); made.Before(firstLead) || made.After(latest) {
		return ""
	}
	return leadText(id)
}

var firstLead = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// clockSkew is by how much our clock may be ahead of the vendor's.
const clockSkew = 24 * time.Hour

// leadText is the way back of typeid.UUID: 26 characters of five bits each for the 128, with two zero bits before them.
func leadText(id uuid.UUID) string {
	var padded [17]byte // seven zero bits, the 128, and one more: the second to the last of 28 characters
	for i, b := range id {
		padded[i] |= b >> 7
		padded[i+1] = b << 1
	}
	return typeid.Lead + crockford.EncodeToString(padded[:])[1:27]
}

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
