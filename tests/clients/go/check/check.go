// Package check is what all the programs here share: one line for each check, and the payloads.
package check

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// Sizes of the messages that are echoed, in bytes.
var Sizes = []int{0, 125, 126, 65535, 65536, 1_000_000}

// Published is what comes on the channel.
const Published = `{"echo":"木霊"}`

// URLs are the arguments.
var URLs = os.Args[1:]

// Text is a text of so many bytes.
func Text(size int) string {
	return strings.Repeat("kodama ", size/7+1)[:size]
}

// Binary is so many bytes.
func Binary(size int) []byte {
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = byte(i % 251)
	}
	return bytes
}

// Check prints what came of one check.
func Check(name string, do func() error) {
	if err := do(); err != nil {
		fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
	} else {
		fmt.Printf("ok %s\n", name)
	}
}

// Skip says what a client has no way to do.
func Skip(name, why string) { fmt.Printf("skip %s: %s\n", name, why) }

// Subscribed says that something may be published.
func Subscribed() { fmt.Println("subscribed") }

// Equal is an error unless both are the same.
func Equal[T comparable](got, expected T) error {
	if got != expected {
		return fmt.Errorf("got %.100v, not %.100v", got, expected)
	}
	return nil
}

// Version prints the version of a module, or without one, that of Go.
func Version(module string) {
	info, _ := debug.ReadBuildInfo()
	version := strings.TrimPrefix(info.GoVersion, "go")
	for _, dep := range info.Deps {
		if dep.Path == module {
			version = strings.TrimPrefix(dep.Version, "v")
		}
	}
	fmt.Printf("version %s\n", version)
}
