package vendorhttp

import (
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Capability describes an RPC by the routes behind it, which must be the client's own. Its evidence is that of the least sure
// one; account and vendor are left empty.
func Capability(c *Client, rpc string, class leadmuxv1.IdempotencyClass, routes ...string) *leadmuxv1.Capability {
	capability := &leadmuxv1.Capability{Rpc: rpc, IdempotencyClass: class}
	var texts []string
	for _, name := range routes {
		text, evidence, overridden := c.RouteOf(name)
		texts = append(texts, text)
		capability.Evidence = max(capability.Evidence, evidence)
		capability.RouteOverridden = capability.RouteOverridden || overridden
	}
	capability.Route = strings.Join(texts, ", ")
	return capability
}
