package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/foyer-id/foyer/internal/account"
)

// terminal is standard input when a person sits at it.
func (r *run) terminal() (*os.File, bool) {
	f, ok := r.io.In.(*os.File)
	return f, ok && isTerminal(f)
}

// isTerminal tells whether a person looks at a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// secret reads one line: from a prompt without echo, twice, or from standard
// input. An empty line is refused.
func (r *run) secret(what string) (string, error) {
	f, ok := r.terminal()
	if !ok {
		// One more than the longest, so that a longer one is seen to be.
		raw, err := io.ReadAll(io.LimitReader(r.io.In, account.MaxPassword+3))
		if err != nil {
			return "", fmt.Errorf("read %s: %w", what, err)
		}
		line, _, _ := strings.Cut(string(raw), "\n")
		return nonEmpty(what, strings.TrimSuffix(line, "\r"))
	}
	first, err := r.hidden(f, "New "+what+": ")
	if err != nil {
		return "", err
	}
	again, err := r.hidden(f, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", fmt.Errorf("the two differ; nothing was changed")
	}
	return nonEmpty(what, first)
}

func nonEmpty(what, s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("no %s was given; type it at the prompt or pipe it into standard input", what)
	}
	return s, nil
}

// hidden asks at the terminal with its echo off.
func (r *run) hidden(f *os.File, question string) (string, error) {
	restore, err := echoOff(f)
	if err != nil {
		return "", fmt.Errorf("this terminal cannot hide what is typed (%w); pipe it into standard input", err)
	}
	defer restore()
	fmt.Fprint(r.io.Err, question)
	line, err := r.line(f)
	fmt.Fprintln(r.io.Err)
	return line, err
}

// line waits for what is typed or for an interrupt, which must not leave the
// terminal without its echo.
func (r *run) line(f *os.File) (string, error) {
	type typed struct {
		line string
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		line, err := readLine(f)
		done <- typed{line, err}
	}()
	select {
	case t := <-done:
		return t.line, t.err
	case <-r.ctx.Done():
		return "", errors.New("interrupted; nothing was changed")
	}
}

// readLine reads no further than the line's end, so that the next prompt gets
// the next line.
func readLine(f *os.File) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) <= account.MaxPassword; {
		n, err := f.Read(b)
		if err != nil && (err != io.EOF || len(line) == 0) {
			return "", err
		}
		if n == 0 || b[0] == '\n' {
			break
		}
		line = append(line, b[0])
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}

// confirm is for what cannot be undone: --yes, or a person who types yes.
func (r *run) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	f, ok := r.terminal()
	if !ok {
		return errUsage("this cannot be undone; add --yes to do it without being asked")
	}
	fmt.Fprintf(r.io.Err, "%s Type yes: ", question)
	line, err := r.line(f)
	if err != nil && err != io.EOF {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return fmt.Errorf("nothing was changed")
	}
	return nil
}
