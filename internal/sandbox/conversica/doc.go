// Package conversica emulates the ingest side of the Conversica Integrations
// API: one endpoint, POST /json/, that creates or updates a lead. Where the
// vendor's documentation is silent the comment says "assumed", and a setting
// changes the behaviour.
//
// A lead's key is the pair of clientId and id, both chosen by the sender; the
// vendor issues none. Posting a known key again is an update, never an error.
//
// A lead's State and the callbacks that tell of it are kept in the ledger. What
// a post brings about by itself is in effects.go; all else that happens in a
// conversation is a turn of the script, played by a control call.
//
// It shares no code with the Conversica adapter, because it judges it. Only
// internal/sandbox and tests may import it.
package conversica
