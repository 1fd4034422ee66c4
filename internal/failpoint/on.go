//go:build failpoints

package failpoint

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// On says whether this build has failpoints.
const On = true

// Env is the variable that arms places.
const Env = "LEADMUX_FAILPOINTS"

// left is how often the armed places may still be passed, by their names.
var left = sync.OnceValue(func() map[Point]*atomic.Int64 {
	armed, err := parse(os.Getenv(Env))
	if err != nil {
		fmt.Fprintln(os.Stderr, Env+":", err)
		os.Exit(2)
	}
	return armed
})

func parse(text string) (map[Point]*atomic.Int64, error) {
	armed := map[Point]*atomic.Int64{}
	for item := range strings.SplitSeq(text, ",") {
		if item == "" {
			continue
		}
		name, passes, _ := strings.Cut(item, ":")
		n, err := strconv.Atoi(passes)
		if err != nil || n < 1 || !slices.ContainsFunc(Places(), func(p Place) bool { return p.Point == Point(name) }) {
			return nil, fmt.Errorf("%q is not a place and how many times it is come by until it kills, such as %s:1", item, AttemptMarked)
		}
		armed[Point(name)] = &atomic.Int64{}
		armed[Point(name)].Store(int64(n))
	}
	return armed, nil
}

// Here is a place: when its last pass has come, the process ends here, without a chance to do anything more.
func Here(p Point) {
	if due(p) {
		die()
	}
}

func due(p Point) bool {
	n := left()[p]
	return n != nil && n.Add(-1) == 0
}

func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // the signal is on its way
}

// Half makes RequestHalfWritten a place in whatever is written to the connections that dial makes.
func Half(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return halving{conn}, nil
	}
}

type halving struct{ net.Conn }

// Write writes; at the last pass only half of it.
func (c halving) Write(p []byte) (int, error) {
	if due(RequestHalfWritten) {
		_, _ = c.Conn.Write(p[:len(p)/2])
		die()
	}
	return c.Conn.Write(p)
}
