package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Suite is what all tests of one run share: the binary and the ports.
type Suite struct {
	binary      string
	race        bool
	first, last int64 // ports
	port        atomic.Int64
	sources     sync.Once
}

// Ports below the range from which the kernel takes those of outgoing connections, so that no connection of another test can
// sit on one between two starts of a server. A suite with build tags, which runs beside the one without, has a range of its own.
const (
	firstPort = 14000
	lastPort  = 32000
	middle    = (firstPort + lastPort) / 2
)

// NewSuite builds the service into dir, with build tags. With race the binary has the race detector, and a race it finds fails the
// test.
func NewSuite(dir string, race bool, tags ...string) (*Suite, error) {
	s := &Suite{binary: filepath.Join(dir, "leadmux-server"), race: race, first: firstPort, last: middle}
	if len(tags) > 0 {
		s.first, s.last = middle, lastPort
	}
	s.port.Store(rand.Int64N(s.last - s.first))
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

// readSources looks at the folders of the sources, in the time of a test. The service is built by a command, of which go test sees nothing: without
// this look it would show a cached result for another service than the one that stands there.
func readSources() error {
	root, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(root, "go.mod")); missing == nil {
			break
		}
		if root == filepath.Dir(root) {
			err = errNoModule
		}
		root = filepath.Dir(root)
	}
	for _, folder := range []string{"cmd", "internal", "gen"} {
		if err == nil {
			err = filepath.WalkDir(filepath.Join(root, folder), func(_ string, _ fs.DirEntry, err error) error { return err })
		}
	}
	return err
}

var errNoModule = errors.New("no go.mod above the tests")

// Binary is the path of the service's binary.
func (s *Suite) Binary() string { return s.binary }

// Address returns a loopback address that nothing listens on.
func (s *Suite) Address(tb testing.TB) string {
	tb.Helper()
	for range s.last - s.first {
		port := s.first + s.port.Add(1)%(s.last-s.first)
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
