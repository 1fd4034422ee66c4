package conversica

import (
	"net/http"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// routePost is the one route of all RPCs; its name in the configuration's "routes" is that of the first.
const routePost = opCreate

// class: the vendor's key is an ID of ours.
const class = leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED

// routes are the vendor's own, under the base URL. The slash at the end belongs to the path in every source.
var routes = vendorhttp.Routes{
	routePost: {Method: http.MethodPost, Path: "/json/", Evidence: leadmuxv1.Evidence_EVIDENCE_A},
}

// decode reads a refusal by its status alone, because the vendor publishes no body. 400 and 401 are in the common table. 405
// answers any verb but POST, and 404 can only be about the path, since an upsert names nothing that could be missing.
func decode(a vendorhttp.Answer) vendorhttp.Decoded {
	switch a.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return vendorhttp.Decoded{Kind: adapters.KindRouteUnknown, HasKind: true}
	}
	return vendorhttp.Decoded{}
}
