package op_test

import (
	"os"
	"strings"
	"testing"
)

// section is one file of a txtar archive.
type section struct{ name, text string }

// readTxtar reads an archive: the sentence on top, then "-- name --" sections,
// in order; a name may occur more than once.
func readTxtar(t *testing.T, file string) (comment string, sections []section) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		text := strings.TrimSuffix(line, "\n")
		name, ok := strings.CutPrefix(text, "-- ")
		if name, isMark := strings.CutSuffix(name, " --"); ok && isMark {
			sections = append(sections, section{name: strings.TrimSpace(name)})
			continue
		}
		if len(sections) == 0 {
			comment += line
			continue
		}
		sections[len(sections)-1].text += line
	}
	return strings.TrimSpace(comment), sections
}

// lines are the lines of a section that say something; # begins a remark.
func (s section) lines() []string {
	var out []string
	for line := range strings.SplitSeq(s.text, "\n") {
		if line = strings.TrimRight(line, " "); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}
