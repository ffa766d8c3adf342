package main

import (
	"os"
	"runtime/debug"
)

// relaxGarbageCollection trades memory for time, unless GOGC is set. The live data is a few megabytes, but each request of
// Terraform creates much that is garbage after it.
func relaxGarbageCollection() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
