//go:build !mutant

package mutant

// planted is the name of the fault in this build.
const planted = ""
