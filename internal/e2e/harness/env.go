package harness

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"testing"
)

// Env is one service with its four vendors.
type Env struct {
	// Suite is the run it belongs to.
	Suite *Suite
	// Vendors are the emulators; nil with Options.Sandbox.
	Vendors *Vendors
	// Server is the running service.
	Server *Server

	dir         string // of the configuration
	options     Options
	credentials *credentials
	without     string // account that the configuration leaves out
	revoked     string // API key that it leaves out
}

// Start starts vendors and service, and stops both when the test ends.
func (s *Suite) Start(tb testing.TB, o Options) *Env {
	tb.Helper()
	e := s.Prepare(tb, o)
	e.Server.Start(tb)
	return e
}

// Prepare is Start without starting the service.
func (s *Suite) Prepare(tb testing.TB, o Options) *Env {
	tb.Helper()
	s.sources.Do(func() { must(tb, readSources()) })
	dir := tb.TempDir()
	e := &Env{Suite: s, credentials: newCredentials(), dir: filepath.Join(dir, "config"), options: o}
	e.Server = &Server{
		HTTP: s.Address(tb), GRPC: s.Address(tb), Admin: s.Address(tb), DataDir: filepath.Join(dir, "data"),
		suite: s, keys: e.credentials.keys,
		env: []string{"LEADMUX_LOG_LEVEL=" + cmp.Or(o.LogLevel, "debug")},
	}
	if o.TLS != nil {
		e.Server.tls = o.TLS.Client
	}
	tb.Cleanup(func() { e.Server.end(tb) })
	if o.Sandbox {
		e.Server.args = []string{
			"--sandbox", "--data-dir", e.Server.DataDir,
			"--http-addr", e.Server.HTTP, "--grpc-addr", e.Server.GRPC, "--admin-addr", e.Server.Admin,
		}
		e.Server.keys = nil
		return e
	}
	e.Vendors = startVendors(tb, s, filepath.Join(dir, "vendors"))
	if o.UJETPerSecond == 0 {
		e.Vendors.Get(UJET).Set(tb, `{"ratePerSecond": 0}`)
	}
	e.configure(tb)
	return e
}

// configure writes the configuration for the next start; the running service sees new API keys.
func (e *Env) configure(tb testing.TB) {
	tb.Helper()
	path, env := e.writeConfig(tb)
	e.Server.args = []string{"--config", path}
	e.Server.env = append(e.Server.env[:1], env...)
}

// BreakCredentials gives the next start a wrong secret for every vendor; FixCredentials the right ones again.
func (e *Env) BreakCredentials(tb testing.TB) {
	tb.Helper()
	for vendor := range e.credentials.vendors {
		e.credentials.vendors[vendor] = "wrong-" + vendor + "-secret"
	}
	e.configure(tb)
}

// FixCredentials gives the next start the right secrets.
func (e *Env) FixCredentials(tb testing.TB) {
	tb.Helper()
	e.credentials.vendors = newCredentials().vendors
	e.configure(tb)
}

// Without leaves an account out of the configuration of the next start; an empty name leaves none out.
func (e *Env) Without(tb testing.TB, account string) {
	tb.Helper()
	e.without = account
	e.configure(tb)
}

// Revoke takes an API key out of the configuration file; an empty name takes none.
func (e *Env) Revoke(tb testing.TB, key string) {
	tb.Helper()
	e.revoked = key
	e.configure(tb)
}

// Secrets are all API keys and vendor secrets in use: what no output may show.
func (e *Env) Secrets() []string {
	secrets := slices.Collect(maps.Values(e.credentials.keys))
	return append(slices.AppendSeq(secrets, maps.Values(e.credentials.vendors)), OtherVerseKey, HookToken, HookBearer)
}

// Key is the API key of a name.
func (e *Env) Key(name string) string { return e.credentials.keys[name] }
