package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/foyer-id/foyer/internal/audit"
)

// Exit codes (spec/operating.md §1).
const (
	Done    = 0
	Refused = 1
	Usage   = 2
)

// Stdio is what a process reads and writes.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// commands are all there are, with the flags that each has.
type commands struct {
	kong.Plugins // the keys of foyer.yaml

	Config string `help:"Configuration file (default foyer.yaml, which may be absent; environment FOYER_CONFIG)." placeholder:"FILE"`
	JSON   bool   `help:"Print JSON for programs." name:"json"`

	Release kong.VersionFlag `name:"version" help:"Print the release."` // what many try first

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Apply   applyCmd   `cmd:"" help:"Make tenants, clients and settings as tenant files say."`
	Export  exportCmd  `cmd:"" help:"Write a tenant file of what is stored, without secrets."`
	Client  clientCmd  `cmd:"" help:"Applications."`
	Account accountCmd `cmd:"" help:"People."`
	Session sessionCmd `cmd:"" help:"Browsers that are signed in."`
	Keys    keysCmd    `cmd:"" help:"Signing keys."`
	Tenant  tenantCmd  `cmd:"" help:"Issuers."`
	Migrate migrateCmd `cmd:"" help:"Bring the database up to date with this release."`
	Doctor  doctorCmd  `cmd:"" help:"Check everything the server depends on and say what to change."`
	URL     urlCmd     `cmd:"" name:"url" help:"Print an address that is ready to use."`
	Version versionCmd `cmd:"" help:"Print the release."`
}

// run is what commands are given.
type run struct {
	ctx   context.Context
	io    Stdio
	env   []string
	now   func() time.Time
	json  bool
	file  string            // --config
	flags map[string]string // of the configuration, as given
}

// errUsage is a mistake that only the command can see.
type errUsage string

func (e errUsage) Error() string { return string(e) }

// exited carries an exit code out of kong, whose --help ends the program.
type exited int

// Main runs one command and returns the exit code. It ends at an interrupt or
// SIGTERM.
func Main(args, env []string, stdio Stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx = audit.WithActor(ctx, audit.Actor{Name: "cli"})
	return runCommand(ctx, args, env, stdio)
}

func runCommand(ctx context.Context, args, env []string, stdio Stdio) (code int) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	cmds := commands{}
	config := newConfigFlags()
	cmds.Plugins = kong.Plugins{config.target}
	parser, err := kong.New(&cmds,
		kong.Name("foyer"), kong.Description("Foyer: a self-hosted OpenID Connect provider."),
		kong.Writers(stdio.Out, stdio.Err), kong.Exit(func(c int) { panic(exited(c)) }),
		kong.Vars{"version": "foyer " + Release()}, unmarked, kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		panic(err) // the declarations above are wrong
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(markIDs(args))
	if err != nil {
		fmt.Fprintln(stdio.Err, mistake(err))
		return Usage
	}
	r := &run{ctx: ctx, io: stdio, env: env, now: time.Now, json: cmds.JSON, file: cmds.Config, flags: config.given()}
	return report(stdio.Err, parsed.Run(r))
}

// report prints why a command did not do its work.
func report(w io.Writer, err error) int {
	if err == nil {
		return Done
	}
	code := Refused
	var usage errUsage
	if errors.As(err, &usage) {
		code = Usage
	}
	if text := explain(err); text != "" {
		for line := range strings.SplitSeq(text, "\n") {
			fmt.Fprintln(w, "foyer: "+line)
		}
	}
	return code
}
