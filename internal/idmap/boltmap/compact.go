package boltmap

import (
	"errors"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Size is how large a file was and is, in bytes.
type Size struct {
	File          string
	Before, After int64
}

// CompactDir writes both files of a data directory that no process has open anew, without what is free in them: they shrink, and
// hold nothing of what was deleted. A stop at any moment leaves each as it was or as it shall be. Its errors are those of Open.
func CompactDir(cfg Config) ([]Size, error) {
	s, err := openDir(cfg, true)
	if err != nil {
		return nil, err
	}
	err = errors.Join(s.index.Close(), s.keys.db.Close()) // they were opened to see that they fit together
	if err != nil {
		return nil, err
	}
	var sizes []Size
	for _, file := range []string{IndexFile, KeysFile} {
		size, err := compactFile(cfg.Dir, file)
		if err != nil {
			return sizes, err
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// compactFile holds the lock of the file as it was until the new one is in its place.
func compactFile(dir, file string) (Size, error) {
	size := Size{File: file}
	path := filepath.Join(dir, file)
	src, err := openFile(path, false)
	if err != nil {
		return size, err
	}
	size.Before = sizeOf(path)
	part := path + ".part"
	err = guarded(func() error { return compactInto(part, src, func(*bbolt.DB) error { return nil }) })
	if err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	size.After = sizeOf(path)
	return size, errors.Join(err, src.Close())
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
