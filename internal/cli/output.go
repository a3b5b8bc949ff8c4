package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// print writes v as JSON with --json, else what people is told.
func (r *run) print(v any, people func(w io.Writer)) error {
	if r.json {
		enc := json.NewEncoder(r.io.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	people(r.io.Out)
	return nil
}

// table writes aligned columns; with no rows only a sentence.
func table(w io.Writer, none string, head []string, rows [][]string) {
	if len(rows) == 0 {
		fmt.Fprintln(w, none)
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = clean(row[i])
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush()
}

// fields writes name and value pairs, those without a value left out.
func fields(w io.Writer, pairs ...string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", pairs[i], clean(pairs[i+1]))
		}
	}
	t.Flush()
}

// clean keeps what a person typed somewhere from steering the terminal of the
// operator who looks at it.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// when is a stored time (Unix microseconds) for people and programs, "" for 0.
func when(t int64) string {
	if t == 0 {
		return ""
	}
	return time.UnixMicro(t).UTC().Format(time.RFC3339)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
