package harness

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// Suite is what all tests of one run share: the binary and the ports.
type Suite struct {
	binary string
	race   bool
	port   atomic.Int64
}

// Ports below the range from which the kernel takes those of outgoing connections, so that no connection of another test can
// sit on one between two starts of a server.
const (
	firstPort = 20000
	lastPort  = 32000
)

// NewSuite builds the service into dir, with build tags. With race the binary has the race detector, and a race it finds fails the
// test.
func NewSuite(dir string, race bool, tags ...string) (*Suite, error) {
	s := &Suite{binary: filepath.Join(dir, "leadmux-server"), race: race}
	s.port.Store(firstPort + rand.Int64N(lastPort-firstPort))
	args := []string{"build", "-o", s.binary, "-tags", strings.Join(tags, ",")}
	if race {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "github.com/leadmux/leadmux/cmd/server")...) //nolint:gosec,noctx // fixed arguments; the test run's own time limit ends it
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the service: %w\n%s", err, out)
	}
	return s, nil
}

// Binary is the path of the service's binary.
func (s *Suite) Binary() string { return s.binary }

// Address returns a loopback address that nothing listens on.
func (s *Suite) Address(tb testing.TB) string {
	tb.Helper()
	for range lastPort - firstPort {
		port := firstPort + s.port.Add(1)%(lastPort-firstPort)
		address := net.JoinHostPort("127.0.0.1", strconv.FormatInt(port, 10))
		if free(address) {
			return address
		}
	}
	tb.Fatal(errNoPort)
	return ""
}

var errNoPort = errors.New("no free port on loopback")

func free(address string) bool {
	listener, err := net.Listen("tcp", address) //nolint:noctx // closed at once
	return err == nil && listener.Close() == nil
}
