// Command foyer is a self-hosted OpenID Connect provider: the server and every
// command that administers it. Run foyer --help.
package main

import (
	"os"

	"github.com/foyer-id/foyer/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Environ(), cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
