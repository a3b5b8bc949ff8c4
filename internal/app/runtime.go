package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

// gcPercent trades memory for time: the live heap is a few MiB, so Go's own 100
// collects every few thousand requests, and 400 costs some 20 MiB under load
// and saves an eighth of the time of a userinfo request (bench).
const gcPercent = 400

// tuneRuntime sets what Go leaves to its environment, unless an operator did.
// Two threads at least run Go even on one core: while one waits for the disk
// to confirm a commit the other serves (spec/performance.md, lesson 4).
func tuneRuntime() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < 2 {
		runtime.GOMAXPROCS(2)
	}
}
