package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// refusal runs the service with arguments that it must refuse: exit code 1 and one sentence on standard error.
func refusal(t *testing.T, server *harness.Server, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := server.Command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v, not with exit code 1", err)
	}
	var sentences []string
	for line := range strings.Lines(stderr.String()) {
		if !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "time=") { // log lines
			sentences = append(sentences, strings.TrimSpace(line))
		}
	}
	if len(sentences) != 1 || stdout.Len() != 0 {
		t.Errorf("not one sentence but %q, and %q on standard output", stderr.String(), stdout.String())
	}
	return strings.Join(sentences, "\n")
}

// says fails when the sentence lacks a part.
func says(t *testing.T, sentence string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(sentence, part) {
			t.Errorf("%q does not say %q", sentence, part)
		}
	}
}

// TestSecondProcess starts a second service on the data directory of a running one.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	args := append(env.Server.Args(), "--http-addr", suite.Address(t), "--grpc-addr", suite.Address(t), "--admin-addr", suite.Address(t))
	says(t, refusal(t, env.Server, args...), env.Server.DataDir, "another process")
	if states := harness.States(env.Server.Client(harness.GRPC).Create(t, createPerson(0))); states != harness.AllActive {
		t.Errorf("the first service now says %s", states)
	}
}

// TestSecondSandbox starts a second sandbox on the data directory of a running one.
func TestSecondSandbox(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{Sandbox: true})
	says(t, refusal(t, env.Server, "--sandbox", "--data-dir", env.Server.DataDir, "--http-addr", suite.Address(t), "--grpc-addr", suite.Address(t),
		"--admin-addr", suite.Address(t)), env.Server.DataDir, "another process")
}

// TestBusyPort starts the service while another program has one of its addresses.
func TestBusyPort(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"http", "grpc", "admin"} {
		t.Run(name, func(t *testing.T) {
			env := suite.Prepare(t, harness.Options{})
			address := map[string]string{"http": env.Server.HTTP, "grpc": env.Server.GRPC, "admin": env.Server.Admin}[name]
			listener, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			says(t, refusal(t, env.Server, env.Server.Args()...), address, name+"-addr")
		})
	}
}

// TestUnusableDataDir starts the service where it cannot store.
func TestUnusableDataDir(t *testing.T) {
	t.Parallel()
	env := suite.Prepare(t, harness.Options{})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		says(t, refusal(t, env.Server, append(env.Server.Args(), "--data-dir", dir)...), dir)
		says(t, refusal(t, env.Server, "--sandbox", "--data-dir", dir, "--http-addr", suite.Address(t), "--grpc-addr", suite.Address(t),
			"--admin-addr", suite.Address(t)), dir)
	}
}

// TestForeignSecretKey starts the service on data that another secret key has sealed.
func TestForeignSecretKey(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	env.Server.Client(harness.GRPC).Create(t, createPerson(0))
	env.Server.Kill9(t)
	path := filepath.Join(env.Server.DataDir, "secret.key")
	if err := os.WriteFile(path, []byte("MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, refusal(t, env.Server, env.Server.Args()...), "secret key", "data directory")
}

// TestVerify checks the index of a killed and of a stopped service.
func TestVerify(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	for i := range 5 {
		env.Server.Client(harness.REST).Create(t, createPerson(i))
	}
	env.Server.Kill9(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := env.Server.Command(ctx, append([]string{"verify"}, env.Server.Args()...)...).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("5 leads")) {
		t.Errorf("verify: %v\n%s", err, out)
	}
}
