package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// ErrMasterKey: the database was set up with another master key, or the key is
// missing. Nothing was changed (spec/tokens.md §7).
var ErrMasterKey = errors.New("master key")

const (
	keyBytes  = 32
	checkText = "foyer master key"
	howToMake = "make one with: openssl rand -base64 32"
)

// loadMasterKey returns the key that the database was set up with. When nothing
// in it was ever sealed, the configured key becomes its key, made if the file
// does not exist.
func loadMasterKey(ctx context.Context, cfg *config.Server, store *sqlstore.Store) ([keyBytes]byte, error) {
	var none [keyBytes]byte
	kept, err := store.MasterKeyCheck(ctx)
	if err != nil {
		return none, err
	}
	sealed, err := store.HasKeys(ctx)
	if err != nil {
		return none, err
	}
	key, made, err := readMasterKey(cfg, kept == "" && !sealed)
	if err != nil {
		return none, err
	}
	if kept == "" {
		check := checkSealer(key).SealString("", "check", []byte(checkText))
		if kept, err = store.ClaimMasterKey(ctx, check); err != nil {
			return none, err
		}
	}
	plain, err := checkSealer(key).OpenString("", "check", kept)
	if err == nil && string(plain) == checkText {
		return key, nil
	}
	if made { // another node was first; this key never sealed anything
		_ = os.Remove(cfg.MasterKeyFile)
	}
	return none, fmt.Errorf("%w: %s is not the key that this database was set up with; start with that one (master_key_file or FOYER_MASTER_KEY)",
		ErrMasterKey, keySource(cfg))
}

func checkSealer(key [keyBytes]byte) *secret.Sealer {
	return secret.NewSealer(secret.DeriveKey(key[:], "master-key-check"))
}

func keySource(cfg *config.Server) string {
	if cfg.MasterKey != "" {
		return "FOYER_MASTER_KEY"
	}
	return cfg.MasterKeyFile
}

// readMasterKey reads the configured key; made tells that it did not exist.
func readMasterKey(cfg *config.Server, create bool) (key [keyBytes]byte, made bool, err error) {
	if cfg.MasterKey != "" {
		key, err = parseKey("FOYER_MASTER_KEY", string(cfg.MasterKey))
		return key, false, err
	}
	file := cfg.MasterKeyFile
	err = CheckPrivate(file, 0o077)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return key, false, fmt.Errorf("%w: %s does not exist, but the database was set up with a key; bring the file back, or set FOYER_MASTER_KEY", ErrMasterKey, file)
		}
		made, err = createKeyFile(file)
	}
	if err != nil {
		return key, false, fmt.Errorf("%w: %w", ErrMasterKey, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return key, false, fmt.Errorf("%w: %w", ErrMasterKey, err)
	}
	key, err = parseKey(file, string(text))
	return key, made, err
}

// CheckPrivate refuses a file whose mode has one of the bits of others: who can
// read a key is whoever the key stands for (SU5). The error is fs.ErrNotExist
// when there is no file.
func CheckPrivate(file string, others fs.FileMode) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&others != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s can be read by others (mode %04o); run: chmod 600 %s", file, mode, file)
	}
	return nil
}

// parseKey reads 32 bytes of base64, in any of its alphabets.
func parseKey(source, text string) (key [keyBytes]byte, err error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	raw, err := enc.DecodeString(text)
	if err != nil || len(raw) != keyBytes {
		return key, fmt.Errorf("%w: %s is not 32 bytes in base64; %s", ErrMasterKey, source, howToMake)
	}
	if len(bytes.Trim(raw, string(raw[:1]))) == 0 {
		return key, fmt.Errorf("%w: %s repeats one byte and is no secret; %s", ErrMasterKey, source, howToMake)
	}
	return [keyBytes]byte(raw), nil
}

// createKeyFile writes a new key so that it is there whole or not at all, even
// when two programs start at once; it tells whether the file is this one's.
func createKeyFile(file string) (bool, error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("make master key: %w", err)
	}
	draft, err := os.CreateTemp(dir, ".master-key-*") // 0600
	if err != nil {
		return false, fmt.Errorf("make master key: %w", err)
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(base64.StdEncoding.EncodeToString(secret.Bytes(keyBytes)) + "\n")
	if err == nil {
		err = draft.Sync()
	}
	if e := draft.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Link(draft.Name(), file)
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("make master key: %w", err)
	}
	return true, syncDir(dir)
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
