package client

import (
	"errors"
	"strings"
)

// Finding is one thing that is wrong with metadata. Message says what to change
// and is safe to show; it never repeats a secret.
type Finding struct {
	Pointer string `json:"pointer"` // JSON pointer into the Spec, "/redirect_uris/0"
	Message string `json:"message"`
	Cite    string `json:"cite"`
}

func (f Finding) String() string { return f.Pointer + ": " + f.Message + " (" + f.Cite + ")" }

// FindingsError is metadata that was refused, with every reason.
type FindingsError struct{ Findings []Finding }

func (e *FindingsError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return "client metadata: " + strings.Join(lines, "; ")
}

// Findings returns what an error holds of findings, nil when none.
func Findings(err error) []Finding {
	var e *FindingsError
	if errors.As(err, &e) {
		return e.Findings
	}
	return nil
}
