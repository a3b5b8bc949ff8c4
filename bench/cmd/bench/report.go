package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the report.
type row struct {
	Name       string  `json:"name"`
	Foyer      string  `json:"foyer"`
	Floor      string  `json:"floor,omitempty"`
	Ratio      float64 `json:"ratio,omitempty"`
	Target     string  `json:"target,omitempty"`
	Missed     bool    `json:"missed"`
	P50        string  `json:"p50,omitempty"`
	P99        string  `json:"p99,omitempty"`
	FloorP99   string  `json:"floor_p99,omitempty"` // what the machine allowed meanwhile
	Rate       string  `json:"per_second,omitempty"`
	Statements float64 `json:"statements,omitempty"`
	Commits    float64 `json:"commits,omitempty"`
	Signatures float64 `json:"signatures,omitempty"`

	FoyerFigure *figure `json:"foyer_figure,omitempty"`
	FloorFigure *figure `json:"floor_figure,omitempty"`
}

type report struct {
	Rows  []*row   `json:"rows"`
	Notes []string `json:"notes,omitempty"`
}

func (r *report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *report) add(x *row) *row {
	r.Rows = append(r.Rows, x)
	return x
}

func (r *report) missed() (n int) {
	for _, x := range r.Rows {
		if x.Missed {
			n++
		}
	}
	return n
}

// judge adds a target and whether it is met.
func (x *row) judge(met bool, format string, args ...any) *row {
	if x.Target != "" {
		x.Target += ", "
	}
	x.Target += fmt.Sprintf(format, args...)
	x.Missed = x.Missed || !met
	return x
}

func micros(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d)/1e3) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

func (f figure) String() string {
	if f.Database == 0 {
		return micros(f.Server)
	}
	return fmt.Sprintf("%.0f+%.0f µs", float64(f.Server)/1e3, float64(f.Database)/1e3)
}

// compared is the row of an operation at both programs.
func compared(name string, foyer, floor figure) *row {
	return &row{
		Name: name, Foyer: foyer.String(), Floor: floor.String(), Ratio: float64(foyer.total()) / float64(floor.total()),
		P50: millis(foyer.P50), P99: millis(foyer.P99), FloorP99: millis(floor.P99), Rate: fmt.Sprintf("%.0f", foyer.Rate),
		Missed: foyer.Failed > 0, FoyerFigure: &foyer, FloorFigure: &floor,
	}
}

// counted adds what Foyer counted.
func (x *row) counted(c counters) *row {
	x.Statements, x.Commits, x.Signatures = c.statements, c.commits, c.signatures
	return x
}

func (r *report) print(w io.Writer, asJSON bool) {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.Encode(r)
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join([]string{"operation", "Foyer", "floor", "ratio", "target", "", "p50", "p99", "floor's p99", "per s", "statements", "commits", "signatures"}, "\t"))
	for _, x := range r.Rows {
		fmt.Fprintln(t, strings.Join([]string{
			x.Name, x.Foyer, x.Floor, number("%.2f", x.Ratio), x.Target, x.verdict(), x.P50, x.P99, x.FloorP99, x.Rate,
			number("%.1f", x.Statements), number("%.1f", x.Commits), number("%.1f", x.Signatures),
		}, "\t"))
	}
	t.Flush()
	for _, n := range r.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	if n := r.missed(); n > 0 {
		fmt.Fprintf(w, "%d targets missed\n", n)
	}
}

func (x *row) verdict() string {
	switch {
	case x.Missed:
		return "OVER"
	case x.Target != "":
		return "ok"
	}
	return ""
}

func number(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}
