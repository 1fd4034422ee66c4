// Command leadmux-server is the service: flags, configuration, signals and exit codes here, the wiring in wire.go, everything else in
// internal.
//
// Exit codes: 0 done, 1 it failed or something is wrong (said in one sentence on standard error), 2 it was called wrongly.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/leadmux/leadmux/internal/config"
)

const program = "leadmux-server"

const about = `One gRPC and REST service in front of every lead vendor.

  leadmux-server --sandbox               try it: emulated vendors, no credentials
  leadmux-server --config leadmux.yaml   run it; leadmux-server serve --help lists the flags`

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitUsage
)

// errUsage marks an error in how the program was called.
var errUsage = errors.New("see " + program + " --help")

// cli is the command line.
type cli struct {
	Serve       serveCmd       `cmd:"" default:"withargs" help:"Run the service (the default)."`
	CheckConfig checkConfigCmd `cmd:"" help:"Check a configuration and say what is wrong with it."`
	NewKey      newKeyCmd      `cmd:"" help:"Make an API key; print it, its hash, and its line in the configuration."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask a running service whether it serves."`
	Backup      backupCmd      `cmd:"" help:"Make a backup of the index, while the service runs or not."`
	Compact     compactCmd     `cmd:"" help:"Make the files of a stopped service smaller."`
	Verify      verifyCmd      `cmd:"" help:"Check the index of a stopped service; change nothing."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// terminal is where a command writes and what it reads its environment from.
type terminal struct {
	out, err io.Writer
	env      func(string) (string, bool)
	environ  func() []string
}

func main() {
	os.Exit(run(os.Args[1:], terminal{out: os.Stdout, err: os.Stderr, env: os.LookupEnv, environ: os.Environ}))
}

// run parses args, runs the command and returns the exit code.
func run(args []string, t terminal) int {
	parser, err := kong.New(&cli{}, kong.Name(program), kong.Writers(t.out, t.err),
		kong.Description(about), kong.Vars{"version": versionLine()})
	if err != nil {
		return complain(t.err, err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return complain(t.err, fmt.Errorf("%w; %w", err, errUsage))
	}
	return complain(t.err, command.Run(t))
}

// complain says what went wrong and returns the exit code.
func complain(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	text := program + ": " + err.Error()
	if _, ok := errors.AsType[config.Problems](err); ok {
		text = err.Error() // every line says its place
	}
	_, _ = fmt.Fprintln(w, text) // the exit code says it too
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}
