// Package e2e proves the service's behaviour from outside: the real binary, a real index on disk, real sockets on loopback,
// and the vendor emulators in the test process as judges that outlive a killed server. It has tests only; what they need to
// run is in harness.
package e2e
