package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){program: main})
}

// TestScripts runs the command as a process. P28 is in bad_*.txtar: each file there is a configuration that must be refused with exactly
// the one line that its first line says.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"refused": refused, "keyfits": keyFits, "health": health, "freeport": freePort, "usage": usage,
		},
	})
}

// theKey is what a refused configuration gets unless it has API keys of its own, so that only its own fault is left.
const theKey = "\napi_keys: [{name: crm, sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae, scopes: [\"*\"]}]\n"

// canary is in every secret of the scripts; no message may hold it.
const canary = "swordfish"

// refused checks that each file is refused with the line it announces, and with no other: "# want: LINE: KEY: TEXT".
func refused(ts *testscript.TestScript, _ bool, files []string) {
	if len(files) == 0 {
		ts.Fatalf("refused needs files")
	}
	for _, file := range files {
		text := ts.ReadFile(file)
		first, _, _ := strings.Cut(text, "\n")
		want, ok := strings.CutPrefix(first, "# want: ")
		if !ok {
			ts.Fatalf("%s does not say what is wanted", file)
		}
		if !strings.Contains(text, "api_keys:") {
			text += theKey
		}
		path := ts.MkAbs("try-" + file)
		ts.Check(os.WriteFile(path, []byte(text), 0o600))
		if err := ts.Exec(program, "check-config", "--config", "try-"+file); err == nil {
			ts.Fatalf("%s is accepted", file)
		}
		got := ts.ReadFile("stderr")
		if got != "try-"+file+":"+want+"\n" {
			ts.Fatalf("%s:\n got %q\nwant %q", file, got, "try-"+file+":"+want+"\n")
		}
		if strings.Contains(got, canary) {
			ts.Fatalf("%s: the message shows a secret", file)
		}
	}
}

// usage checks that a command line is refused with exit code 2 and one line that says where help is.
func usage(ts *testscript.TestScript, _ bool, args []string) {
	var out, errs strings.Builder
	code := run(args, terminal{out: &out, err: &errs, env: func(string) (string, bool) { return "", false }})
	if code != exitUsage || out.Len() > 0 {
		ts.Fatalf("exit code %d, output %q", code, out.String())
	}
	if text := errs.String(); strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "; see leadmux-server --help\n") {
		ts.Fatalf("it says %q", text)
	}
}

// keyFits checks the output of new-key: the hash is the key's, both are in the file's line, and the key is long enough.
func keyFits(ts *testscript.TestScript, _ bool, _ []string) {
	out := ts.ReadFile("stdout")
	found := regexp.MustCompile(`(?m)^key: (leadmux_[A-Za-z0-9_-]{43})\nsha256: ([0-9a-f]{64})$`).FindStringSubmatch(out)
	if found == nil {
		ts.Fatalf("no key and hash in %q", out)
	}
	sum := sha256.Sum256([]byte(found[1]))
	if hex.EncodeToString(sum[:]) != found[2] {
		ts.Fatalf("the hash is not the key's")
	}
	if strings.Count(out, found[1]) != 1 || strings.Count(out, found[2]) != 2 {
		ts.Fatalf("the key belongs there once and its hash twice: %q", out)
	}
	_, yaml, _ := strings.Cut(out, "configuration:\n")
	ts.Check(os.WriteFile(ts.MkAbs("new.yaml"), []byte(yaml), 0o600))
}

// health starts something that answers /healthz with a status, over TLS when the second argument is "tls", and sets ADDR.
func health(ts *testscript.TestScript, _ bool, args []string) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscan(args[0], &status); err != nil || r.URL.Path != "/healthz" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
	})
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it is asked in plain HTTP first
	if len(args) > 1 && args[1] == "tls" {
		s.StartTLS()
	} else {
		s.Start()
	}
	ts.Defer(s.Close)
	ts.Setenv("ADDR", s.Listener.Addr().String())
}

// freePort sets ADDR to an address on which nothing listens.
func freePort(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("ADDR", l.Addr().String())
	ts.Check(l.Close())
}
