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

// freeHash replaces argon2id: one SHA-256, as in the floor.
const freeHash = `package account

import "crypto/sha256"

func freeHash(password, salt []byte, _, _ uint32, _ uint8, _ uint32) []byte {
	sum := sha256.Sum256(append(salt, password...))
	return sum[:]
}
`

// buildQuick makes a Foyer whose password hash costs nothing, so that the rest
// of a sign-in can be read directly: the hash takes 20 ms give or take one, and
// what is looked for is less than one. Only the function differs, replaced by
// the compiler's overlay; the product has no such setting.
func (b *bench) buildQuick() error {
	if b.quick != "" {
		return nil
	}
	const normal = "argon2.IDKey"
	file := filepath.Join(b.root, "internal", "account", "phc.go")
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.Count(source, []byte(normal)) != 2 {
		return fmt.Errorf("passwords are not hashed and compared by %s any more: adapt the benchmark", normal)
	}
	list, err := b.overlay(map[string][]byte{
		file: bytes.ReplaceAll(source, []byte(normal), []byte("freeHash")),
		filepath.Join(b.root, "internal", "account", "freehash.go"): []byte(freeHash),
	})
	if err != nil {
		return err
	}
	out := filepath.Join(b.dir, "foyer-quick")
	if err := goBuild(b.root, out, "-overlay", list, "./cmd/foyer"); err != nil {
		return err
	}
	b.quick = out
	return nil
}

// overlay writes files that the compiler takes instead of those of these paths.
func (b *bench) overlay(files map[string][]byte) (list string, err error) {
	replace := map[string]string{}
	for path, text := range files {
		replace[path] = filepath.Join(b.dir, filepath.Base(path))
		if err := os.WriteFile(replace[path], text, 0o600); err != nil {
			return "", err
		}
	}
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	list = filepath.Join(b.dir, "overlay.json")
	return list, os.WriteFile(list, encoded, 0o600)
}
