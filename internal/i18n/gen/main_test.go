package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeysAreFresh(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../catalogue/en.json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(source)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../keys.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("keys.go is stale, run go generate ./internal/i18n (-want +got):\n%s", diff)
	}
}

func TestGenerateRefusesNameClash(t *testing.T) {
	t.Parallel()
	if _, err := generate([]byte(`{"a.b_c": "x", "a_b.c": "y"}`)); err == nil {
		t.Error("two keys with one Go name were accepted")
	}
}

func TestRunWritesTheFile(t *testing.T) {
	t.Parallel()
	to := filepath.Join(t.TempDir(), "keys.go")
	if err := run("../catalogue/en.json", to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Size() == 0 {
		t.Errorf("nothing written: %v", err)
	}
	if err := run("missing.json", to); err == nil {
		t.Error("a missing catalogue was accepted")
	}
}
