// Package vendorhttp is the one HTTP client beneath every adapter: rate slots, circuit breaker, credentials, time limits,
// response cap, redaction, and the table from an HTTP outcome to adapters.Error.
//
// Only adapters and the wiring that builds them use it. Invariants: no request leaves without a rate slot; no write is sent
// twice; no redirect is followed; no error carries a URL, a header or a body; an error is marked ambiguous exactly when the
// request may have had its effect at the vendor.
package vendorhttp
