package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// Version is set by the release build (-ldflags -X).
var Version string

// Release is the version of this program.
func Release() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

type versionCmd struct{}

// Run prints the release.
func (versionCmd) Run(r *run) error {
	v := struct {
		Version string `json:"version"`
		Go      string `json:"go"`
		System  string `json:"system"`
	}{Release(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	return r.print(v, func(w io.Writer) { fmt.Fprintf(w, "foyer %s (%s, %s)\n", v.Version, v.Go, v.System) })
}
