package boltmap

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/idmap"
)

// timeSize is the length of a time within a key.
const timeSize = 12

// appendText adds a text behind its length, so that no text can run into what follows it. A text whose length does not fit
// makes a key that is larger than bbolt takes, and is refused there.
func appendText(key []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(key, uint16(len(text))), text...)
}

// cutText takes what appendText added off the front of key.
func cutText(key []byte) (text string, rest []byte, ok bool) {
	if len(key) < 2 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(key))
	if len(key) < 2+n {
		return "", nil, false
	}
	return string(key[2 : 2+n]), key[2+n:], true
}

// appendTime adds a time in a form that sorts as time does.
func appendTime(key []byte, t time.Time) []byte {
	key = binary.BigEndian.AppendUint64(key, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(key, uint32(t.Nanosecond()))
}

// readTime reads what appendTime added; key must be at least timeSize long.
func readTime(key []byte) time.Time {
	sec := binary.BigEndian.Uint64(key) ^ 1<<63
	return time.Unix(int64(sec), int64(binary.BigEndian.Uint32(key[8:]))).UTC()
}

// refKey is the key of a vendor ID in owners; the end of its key in bindings.
func refKey(ref idmap.VendorRef) []byte {
	return append(appendText([]byte{byte(ref.Kind)}, ref.Account), ref.VendorID...)
}

// readRef reads what refKey made.
func readRef(key []byte) (idmap.VendorRef, bool) {
	if len(key) == 0 {
		return idmap.VendorRef{}, false
	}
	account, id, ok := cutText(key[1:])
	return idmap.VendorRef{Account: account, Kind: idmap.Kind(key[0]), VendorID: string(id)}, ok
}

// lastBefore puts c on the last key before bound and returns it; before the end of the bucket when bound is empty.
func lastBefore(c *bbolt.Cursor, bound []byte) (key, value []byte) {
	if len(bound) == 0 {
		return c.Last()
	}
	if k, _ := c.Seek(bound); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// behind returns the smallest key that is behind every key with the prefix, nil if there is none.
func behind(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// firstWith returns the first key of b that starts with prefix, nil if there is none.
func firstWith(b *bbolt.Bucket, prefix []byte) []byte {
	if k, _ := b.Cursor().Seek(prefix); bytes.HasPrefix(k, prefix) {
		return k
	}
	return nil
}
