package main

import (
	"fmt"

	"github.com/leadmux/leadmux/internal/idmap/boltmap"
)

// compactCmd makes the files of a data folder smaller that no process has open.
type compactCmd struct {
	DataDir string `xor:"where" required:"" help:"Data folder, with the secret key in it." placeholder:"DIR"`
	Config  string `xor:"where" required:"" help:"Configuration, where the secret key is elsewhere." placeholder:"FILE"`
}

// Run compacts both files and says what that saved.
func (c *compactCmd) Run(t terminal) error {
	cfg, secret, err := dataFolder(c.DataDir, c.Config, t)
	if err != nil {
		return err
	}
	sizes, err := boltmap.CompactDir(boltmap.Config{Dir: cfg.DataDir, Secret: secret})
	for _, s := range sizes {
		if err := write(t.out, fmt.Sprintf("%s: %s, was %s\n", s.File, bytesText(s.After), bytesText(s.Before))); err != nil {
			return err
		}
	}
	return err
}
