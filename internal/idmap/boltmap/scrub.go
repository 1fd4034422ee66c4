package boltmap

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// errScrubbed ends the transaction of scrub, which changes nothing by itself.
var errScrubbed = errors.New("scrubbed")

// scrub overwrites the pages of keys.db that hold nothing any more. bbolt writes changed pages elsewhere and leaves the old ones
// as they were until they are used again; a key that was dropped would go on standing there.
//
// It is safe because nothing else touches the file meanwhile: a write transaction keeps out writers, and with no reader left
// (reading is held) its begin has made every page that is in use by nobody a free one. The last commit is durable, and bbolt
// itself would be free to write over these pages with the next one.
func (r *keyring) scrub() error {
	r.reading.Lock()
	defer r.reading.Unlock()
	file, err := os.OpenFile(r.db.Path(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = r.db.Update(func(btx *bbolt.Tx) error {
		if err := wipeFree(btx, file, r.db.Info().PageSize); err != nil {
			return err
		}
		return errScrubbed
	})
	if errors.Is(err, errScrubbed) {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// wipeFree writes zeros over the free pages that are not zero yet.
func wipeFree(btx *bbolt.Tx, file *os.File, pageSize int) error {
	page, zeros := make([]byte, pageSize), make([]byte, pageSize)
	for id := 0; ; id++ {
		info, err := btx.Page(id)
		if err != nil || info == nil { // nil behind the last page
			return err
		}
		if info.Type != "free" {
			id += info.OverflowCount
			continue
		}
		at := int64(id) * int64(pageSize)
		if _, err := file.ReadAt(page, at); err != nil {
			return fmt.Errorf("read a free page: %w", err)
		}
		if bytes.Equal(page, zeros) {
			continue
		}
		if _, err := file.WriteAt(zeros, at); err != nil {
			return fmt.Errorf("overwrite a free page: %w", err)
		}
	}
}
