// Command gen makes common.bin: the sorted 40-bit SHA-256 prefixes of the
// passwords in text files, one password a line, case folded to lower.
//
//	go run ./gen -o common.bin list.txt [list.txt …]
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const prefixLen = 5 // bytes; the reader in package account agrees

func main() {
	out := flag.String("o", "common.bin", "file to write")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out string, lists []string) error {
	var prefixes [][]byte
	for _, name := range lists {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			pw := strings.ToLower(norm.NFC.String(lines.Text()))
			if pw == "" {
				continue
			}
			sum := sha256.Sum256([]byte(pw))
			prefixes = append(prefixes, sum[:prefixLen])
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	slices.SortFunc(prefixes, bytes.Compare)
	prefixes = slices.CompactFunc(prefixes, bytes.Equal)
	return os.WriteFile(out, bytes.Join(prefixes, nil), 0o644)
}
