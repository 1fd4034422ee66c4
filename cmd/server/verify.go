package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/seal"
)

// verifyCmd checks the index of a data folder that no process has open.
type verifyCmd struct {
	DataDir string `xor:"where" required:"" help:"Data folder, with the secret key in it." placeholder:"DIR"`
	Config  string `xor:"where" required:"" help:"Configuration, where the secret key is elsewhere." placeholder:"FILE"`
}

// Run prints what is there, and fails when something does not agree.
func (c *verifyCmd) Run(t terminal) error {
	cfg, secret, err := dataFolder(c.DataDir, c.Config, t)
	if err != nil {
		return err
	}
	report, err := boltmap.VerifyDir(context.Background(), boltmap.Config{Dir: cfg.DataDir, Secret: secret})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(t.out, reportText(report)); err != nil {
		return err
	}
	if n := len(report.Problems); n > 0 {
		return fmt.Errorf("the index in %s does not agree with itself: problems listed: %d", cfg.DataDir, n)
	}
	return nil
}

// dataFolder is where a command finds the data and the secret it was sealed with: a folder with its secret key in it, or what a
// configuration names.
func dataFolder(dir, file string, t terminal) (*config.Config, *seal.Secret, error) {
	cfg := config.Sandbox(dir) // for its secret key's place only
	if file != "" {
		var err error
		if cfg, err = config.Load(file, t.env); err != nil {
			return nil, nil, err
		}
	}
	master, err := config.ReadSecretKey(cfg)
	if err != nil {
		return nil, nil, err
	}
	secret, err := seal.NewSecret(master)
	return cfg, secret, err
}

// reportText is a report for a person: the problems, a line each, then what is there.
func reportText(r idmap.Report) string {
	text := strings.Join(append(slices.Clone(r.Problems), ""), "\n")
	text += fmt.Sprintf("%d leads, %d erased, %d calls, %d chats, %d bindings, %d request keys, %d operations, %d events\n",
		r.Leads, r.Erased, r.Calls, r.Chats, r.Bindings, r.Requests, r.Operations, r.Events)
	if len(r.Problems) == 0 {
		text += "everything agrees\n"
	}
	return text
}
