package main

import (
	"fmt"
	"strings"

	"github.com/leadmux/leadmux/internal/config"
)

// checkConfigCmd checks a configuration as a start would, with the same environment.
type checkConfigCmd struct {
	Config string `required:"" env:"LEADMUX_CONFIG" help:"Configuration file." placeholder:"FILE"`
}

// Run prints a summary, or fails with every problem.
func (c *checkConfigCmd) Run(t terminal) error {
	cfg, err := config.Load(c.Config, t.env)
	if err != nil {
		return err
	}
	for _, name := range cfg.UnknownEnv(t.environ()) {
		if _, err := fmt.Fprintf(t.err, "warning: the environment variable %s sets nothing\n", name); err != nil {
			return err
		}
	}
	if len(cfg.Accounts) == 0 {
		if _, err := fmt.Fprintln(t.err, "warning: there are no accounts, so no lead can go anywhere"); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(t.out, "ok: "+summary(cfg))
	return err
}

// summary says in one line what a configuration is.
func summary(cfg *config.Config) string {
	accounts := make([]string, len(cfg.Accounts))
	for i, a := range cfg.Accounts {
		accounts[i] = a.Name + " (" + a.Vendor + ")"
	}
	keys := make([]string, len(cfg.APIKeys))
	for i, k := range cfg.APIKeys {
		keys[i] = k.Name
	}
	wire := "plaintext"
	if cfg.TLS != nil {
		wire = "TLS"
	}
	return fmt.Sprintf("%s; %s; http %s and grpc %s in %s, admin %s; data in %s", count("account", accounts), count("API key", keys),
		cfg.HTTPAddr, cfg.GRPCAddr, wire, cfg.AdminAddr, cfg.DataDir)
}

// count is "2 things: a, b".
func count(what string, names []string) string {
	switch len(names) {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what + ": " + names[0]
	default:
		return fmt.Sprintf("%d %ss: %s", len(names), what, strings.Join(names, ", "))
	}
}
