package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// version is set when a release is linked: -X main.version=v1.2.3.
var version = "dev"

// versionLine says which build this is.
func versionLine() string {
	name, revision, dirty := version, "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; name == "dev" && v != "" && v != "(devel)" {
			name = v // go install …@v1.2.3
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return program + " " + name + " (commit " + cmp.Or(revision, "unknown") + dirty + ", " + runtime.Version() + ", " +
		runtime.GOOS + "/" + runtime.GOARCH + ")"
}
