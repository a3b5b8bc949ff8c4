package sqlstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/foyer-id/foyer/internal/sqlstore"
)

// A file that SQLite cannot work with is named, with a reason that a command
// can tell apart.
func TestFilesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("this is a text, and long enough to be read as the head of a database, which it is not"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	cases := map[string]error{text: sqlstore.ErrNotSQLite}
	if os.Geteuid() != 0 { // root writes everywhere
		cases[filepath.Join(closed, "foyer.db")] = fs.ErrPermission
	}
	for file, want := range cases {
		db, err := sqlstore.Open(t.Context(), "sqlite:"+file, sqlstore.Options{})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", file, err, want)
		}
		if err == nil {
			db.Close()
		}
	}
}
