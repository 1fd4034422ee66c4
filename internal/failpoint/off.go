//go:build !failpoints

package failpoint

import (
	"context"
	"net"
)

// On says whether this build has failpoints.
const On = false

// Here is a place.
func Here(Point) {}

// Half makes RequestHalfWritten a place in whatever is written to the connections that dial makes.
func Half(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return dial
}
