// Package sandbox runs the four vendor emulators inside the process, each on a
// loopback listener of its own, so that the main job needs no credentials.
//
// What the emulators know is durable in the folder they are given: a restart
// finds the same vendors, at other ports. The credentials are fixed and
// obviously fake; nothing here may listen beyond loopback.
//
// The server's wiring and tests may import this package. It and all below it
// share no code with the adapters, because they judge them.
package sandbox
