package adaptertest

import "testing"

// Run runs the whole suite: what concerns the adapter as a whole, and every case of failure for each RPC it can do.
func Run(t *testing.T, h Harness) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"create in parallel", createParallel},
		{"capabilities name what is there", capabilities},
		{"test accepts good credentials and refuses bad ones", test},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
	for _, rpc := range h.offers(t) {
		t.Run(rpc, func(t *testing.T) { h.runRPC(t, rpc) })
	}
}

// runRPC runs the cases of one RPC. One that has nothing to send has no cases of failure.
func (h Harness) runRPC(t *testing.T, rpc string) {
	s := suite{Harness: h, rpc: rpc}
	t.Run("done once", func(t *testing.T) { s.method = s.once(t) })
	t.Run("preview sends nothing and shows nothing private", s.preview)
	if rpc == createLead || rpc == "UpdateLead" {
		t.Run("every field is sent or warned about", s.everyField)
	}
	if s.method == "" {
		return
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"wrong credentials cost one request", s.wrongCredentials},
		{"vendor down", s.vendorDown},
		{"slow past the deadline", s.slow},
		{"cancelled before", s.cancelledBefore},
		{"cancelled under way", s.cancelledUnderWay},
		{"rate limited", s.rateLimited},
		{"not found", s.notFound},
		{"fault before the commit", s.faultBefore},
		{"fault after the commit", s.faultAfter},
		{"answer dropped after the commit", s.dropped},
		{"half an answer", s.truncated}, {"half a refusal", s.refusedInPart},
		{"repeated after an unknown outcome", s.repeated},
		{"HTML instead of JSON", s.html},
		{"answer too long", s.tooLong},
		{"redirect", s.redirect},
	} {
		t.Run(c.name, c.run)
	}
}
