package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/leadmux/leadmux/internal/config"
)

// serveCmd runs the service. Its flags win over LEADMUX_… variables, and those over the file.
type serveCmd struct {
	Sandbox   bool   `help:"Run with emulated vendors on loopback; needs no configuration, no credentials and no API key."`
	Config    string `help:"Configuration file (or LEADMUX_CONFIG)." placeholder:"FILE"`
	DataDir   string `help:"Folder of everything durable." placeholder:"DIR"`
	HTTPAddr  string `name:"http-addr" help:"Address of REST, webhooks and health." placeholder:"HOST:PORT"`
	GRPCAddr  string `name:"grpc-addr" help:"Address of gRPC." placeholder:"HOST:PORT"`
	AdminAddr string `help:"Address of metrics, profiles and sandbox control." placeholder:"HOST:PORT"`
	LogLevel  string `help:"debug, info, warn or error." placeholder:"LEVEL"`
	LogFormat string `help:"json or text." placeholder:"FORMAT"`
}

// Run runs the service until it is told to stop.
func (c *serveCmd) Run(t terminal) error {
	path, err := c.path(t)
	if err != nil {
		return err
	}
	load := func() (*config.Config, error) { return c.load(path, t) }
	cfg, err := load()
	if err != nil {
		return err
	}
	logger := newLogger(t.err, cfg)
	for _, name := range cfg.UnknownEnv(t.environ()) {
		logger.Warn("environment variable sets nothing", slog.String("name", name))
	}
	ctx, stop := untilSignal(logger, func() { os.Exit(exitFailed) })
	defer stop()
	reload := followFile(ctx, path, load, logger)
	return serve(ctx, cfg, logger, reload)
}

// path is the configuration file; empty for the sandbox.
func (c *serveCmd) path(t terminal) (string, error) {
	switch {
	case c.Sandbox && c.Config != "":
		return "", fmt.Errorf("--sandbox takes no --config; %w", errUsage)
	case c.Sandbox || c.Config != "":
		return c.Config, nil
	}
	if path, ok := t.env(config.EnvConfigFile); ok && path != "" {
		return path, nil
	}
	return "", fmt.Errorf("give --config FILE, or --sandbox to try it without credentials; %w", errUsage)
}

// load reads the configuration with everything that wins over it.
func (c *serveCmd) load(path string, t terminal) (*config.Config, error) {
	if !c.Sandbox {
		return config.Load(path, t.env, c.overrides()...)
	}
	cfg := config.Sandbox("")
	if err := cfg.Override(t.env, c.overrides()...); err != nil {
		return nil, err
	}
	return cfg, nil
}

// overrides are the flags that were given.
func (c *serveCmd) overrides() []config.Override {
	var given []config.Override
	for _, o := range []config.Override{
		{Key: "data_dir", Value: c.DataDir, Source: "--data-dir"},
		{Key: "http_addr", Value: c.HTTPAddr, Source: "--http-addr"},
		{Key: "grpc_addr", Value: c.GRPCAddr, Source: "--grpc-addr"},
		{Key: "admin_addr", Value: c.AdminAddr, Source: "--admin-addr"},
		{Key: "log_level", Value: c.LogLevel, Source: "--log-level"},
		{Key: "log_format", Value: c.LogFormat, Source: "--log-format"},
	} {
		if o.Value != "" {
			given = append(given, o)
		}
	}
	return given
}

// newLogger logs to w as the configuration says.
func newLogger(w io.Writer, cfg *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
