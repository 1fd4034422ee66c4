// Package kit holds what the vendor emulators of the sandbox have in common:
// a durable ledger, planned faults, settings and the control API.
//
// Emulators act as the judge in crash tests: what their ledger says is what
// "happened at the vendor". Two invariants follow.
//
//   - Every change is on disk before the answer that tells of it leaves.
//   - No code is shared with the product: this package and the emulators must
//     not import the adapters, the generated API, the service or the store.
//
// Only internal/sandbox, the emulator packages below it and tests may import
// this package.
package kit
