// Package harness runs the real service for end-to-end tests: it builds the binary, hosts the vendor emulators, writes a
// configuration, starts and kills the process, and calls it over both transports.
//
// Invariants: everything listens on loopback; every wait has a deadline; the emulators live in the test process, so their
// ledgers tell what a killed server really did. Only tests of package e2e use it.
package harness
