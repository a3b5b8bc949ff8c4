package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The cores of the servers and of this program. PostgreSQL shares the second.
const (
	serverCore = "0"
	loadCore   = "1"
)

// bench is one run of this program.
type bench struct {
	root    string // of the repository
	dir     string // temporary
	runs    int
	window  time.Duration
	warmUp  time.Duration
	workers int
	only    string
	foyer   string // binaries
	quick   string // Foyer with a hash that costs nothing, see buildQuick
	floor   string
	report  report
	stops   []func()
}

func main() {
	asJSON := flag.Bool("json", false, "print the figures as JSON")
	growth := flag.Bool("growth", false, "compare a small database with a large one instead")
	overload := flag.Bool("overload", false, "offer more sign-ins than can be served instead")
	rows := flag.Int("rows", 1_000_000, "accounts and sessions of the large database, with -growth")
	b := &bench{}
	flag.IntVar(&b.runs, "runs", 3, "measured runs of each operation")
	flag.DurationVar(&b.window, "window", time.Second, "length of one run")
	flag.DurationVar(&b.warmUp, "warm-up", 300*time.Millisecond, "length of the warm-up before the runs")
	flag.IntVar(&b.workers, "workers", 8, "concurrent clients")
	flag.StringVar(&b.only, "only", "", "operations to measure: those whose row contains this")
	flag.StringVar(&b.floor, "floor", "", "a floor program that is built already")
	flag.StringVar(&b.foyer, "foyer", "", "a foyer program that is built already")
	flag.StringVar(&b.quick, "quick", "", "a foyer program with a hash that costs nothing, built already")
	flag.Parse()
	pin()

	err := b.prepare()
	if err == nil {
		switch {
		case *growth:
			err = b.measureGrowth(*rows)
		case *overload:
			err = b.measureOverload()
		default:
			err = b.measureAll()
		}
	}
	b.close()
	b.report.print(os.Stdout, *asJSON)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if b.report.missed() > 0 {
		os.Exit(1)
	}
}

// pin starts this program again on its own core, all threads of it.
func pin() {
	taskset, err := exec.LookPath("taskset")
	if err != nil || runtime.NumCPU() < 2 || os.Getenv("BENCH_PINNED") != "" {
		return
	}
	self, err := os.Executable()
	if err == nil {
		args := append([]string{taskset, "-c", loadCore, self}, os.Args[1:]...)
		err = syscall.Exec(taskset, args, append(os.Environ(), "BENCH_PINNED=1"))
	}
	fmt.Fprintln(os.Stderr, "bench: not pinned:", err)
}

func (b *bench) prepare() (err error) {
	if b.root, err = findRoot(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "foyer-bench-"); err != nil {
		return err
	}
	b.stops = append(b.stops, func() { os.RemoveAll(b.dir) })
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		b.close()
		os.Exit(130)
	}()
	return b.build()
}

// close stops what was started, the newest first.
func (b *bench) close() {
	for len(b.stops) > 0 {
		last := len(b.stops) - 1
		stop := b.stops[last]
		b.stops = b.stops[:last]
		stop()
	}
}

// findRoot is the directory of Foyer's go.mod, at or above the working one.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		mod, readErr := os.ReadFile(filepath.Join(dir, "go.mod"))
		if readErr == nil && strings.HasPrefix(string(mod), "module github.com/foyer-id/foyer\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			err = errors.New("run it inside the repository")
		}
		dir = parent
	}
	return "", err
}

func (b *bench) wants(row string) bool { return strings.Contains(row, b.only) }
