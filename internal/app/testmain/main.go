package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var env []string
	for _, e := range os.Environ() {
		if strings.HasPrefix(e, "FOYER_") {
			env = append(env, e)
		}
	}
	cfg, err := config.Load(config.Options{ReadFile: os.ReadFile, Env: env})
	if err == nil {
		err = app.Serve(ctx, cfg, app.ServeOptions{Stdout: os.Stdout, Stderr: os.Stderr, Version: "dev"})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
