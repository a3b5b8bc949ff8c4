package config

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong in a configuration and what to change.
type Finding struct {
	Source  string // file, FOYER_… variable or --flag; empty for a default
	Line    int    // 1-based line in the file; 0 when there is none
	Path    string // the key, as in "mail.smtp.host" or "clients[2].scope"
	Message string // never quotes the value of a secret
}

// String is "foyer.yaml:3: public_url: …", leaving out the parts that are unknown.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Source)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	for _, part := range []string{f.Path, f.Message} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Errors lists every finding of one reading, so that an operator corrects a file
// once and not once per mistake. Find it with errors.As.
type Errors struct {
	Findings []Finding
}

// maxPrinted bounds Error, because a hostile or wrong file (a binary, say) has
// thousands of findings; Findings holds them all.
const maxPrinted = 25

// Error is one line per finding.
func (e *Errors) Error() string {
	lines := make([]string, 0, min(len(e.Findings), maxPrinted)+1)
	for i, f := range e.Findings {
		if i == maxPrinted {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Findings)-i))
			break
		}
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// asError is nil when nothing was found.
func asError(findings []Finding) error {
	if len(findings) == 0 {
		return nil
	}
	return &Errors{Findings: findings}
}
