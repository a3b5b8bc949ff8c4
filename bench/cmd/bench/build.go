package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build makes the programs as a release does.
func (b *bench) build() (err error) {
	if b.foyer == "" {
		b.foyer = filepath.Join(b.dir, "foyer")
		if err = goBuild(b.root, b.foyer, "./cmd/foyer"); err != nil {
			return err
		}
	}
	if b.floor == "" {
		b.floor = filepath.Join(b.dir, "floor")
		err = goBuild(filepath.Join(b.root, "bench"), b.floor, "./floor")
	}
	return err
}

func goBuild(dir, out string, args ...string) error {
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", out}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", args[len(args)-1], err, text)
	}
	return nil
}

// buildQuick makes a Foyer whose password hash costs nothing, so that the rest
// of a sign-in can be read directly: the hash takes 20 ms give or take one, and
// what is looked for is less than one. Only the constant differs, replaced by
// the compiler's overlay; the product has no such setting.
func (b *bench) buildQuick() error {
	if b.quick != "" {
		return nil
	}
	const normal, free = "Params{Memory: 19456, Time: 2, Threads: 1}", "Params{Memory: 8, Time: 1, Threads: 1}"
	file := filepath.Join(b.root, "internal", "account", "phc.go")
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.Count(source, []byte(normal)) != 1 {
		return fmt.Errorf("the password hash's cost is not %q any more: adapt the benchmark", normal)
	}
	changed := filepath.Join(b.dir, "phc.go")
	if err := os.WriteFile(changed, bytes.Replace(source, []byte(normal), []byte(free), 1), 0o600); err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return err
	}
	list := filepath.Join(b.dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return err
	}
	out := filepath.Join(b.dir, "foyer-quick")
	if err := goBuild(b.root, out, "-overlay", list, "./cmd/foyer"); err != nil {
		return err
	}
	b.quick = out
	return nil
}
