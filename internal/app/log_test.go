package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foyer-id/foyer/internal/config"
)

// written counts writes.
type written struct {
	mu sync.Mutex
	bytes.Buffer
	calls int
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.Buffer.Write(b)
}

func (w *written) now() (lines, calls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.String(), "\n"), w.calls
}

func TestLinesAreHeldForAMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log          func(*slog.Logger)
		after        time.Duration
		lines, calls int
	}{
		"a line waits":                               {func(l *slog.Logger) { l.Info("a") }, logDelay - 1, 0, 0},
		"lines that wait are written together":       {func(l *slog.Logger) { l.Info("a"); l.Info("b"); l.Debug("c") }, logDelay, 2, 1},
		"a warning is written at once":               {func(l *slog.Logger) { l.Warn("a") }, 0, 1, 1},
		"a warning takes along what waited":          {func(l *slog.Logger) { l.Info("a"); l.Error("b") }, 0, 2, 1},
		"a logger with members is no other":          {func(l *slog.Logger) { l.With("x", 1).WithGroup("g").Warn("a", "y", 2) }, 0, 1, 1},
		"what is full is written":                    {func(l *slog.Logger) { l.Info(strings.Repeat("a", logSize)); l.Info("b") }, 0, 1, 1},
		"lines after a pause wait again, and longer": {func(l *slog.Logger) { l.Info("a"); time.Sleep(logDelay * 2); l.Info("b") }, logDelay / 2, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out written
				log, flush := newLogger(&config.Server{}, &out)
				c.log(log)
				time.Sleep(c.after)
				synctest.Wait()
				if lines, calls := out.now(); lines != c.lines || calls != c.calls {
					t.Errorf("%d lines in %d writes, want %d in %d", lines, calls, c.lines, c.calls)
				}
				if err := flush(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestTheEndWritesWhatIsHeld(t *testing.T) {
	t.Parallel()
	var out written
	log, flush := newLogger(&config.Server{}, &out)
	var all sync.WaitGroup
	const writers, each = 8, 500
	for range writers {
		all.Go(func() {
			for range each {
				log.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("id", "0123456789"))
			}
		})
	}
	all.Wait()
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	lines, calls := out.now()
	if lines != writers*each {
		t.Errorf("%d lines, want %d", lines, writers*each)
	}
	if calls > lines/20 {
		t.Errorf("%d writes of %d lines", calls, lines)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, `{"time":"`) || !strings.HasSuffix(line, "\"0123456789\"}\n") {
			t.Fatalf("not a whole line: %q", line)
		}
	}
}

func TestLG3_TimesOfALogAreUTC(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var out written
		log, _ := newLogger(&config.Server{Log: config.Log{Format: format}}, &out)
		r := slog.NewRecord(time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("elsewhere", 2*3600)), slog.LevelWarn, "a", 0)
		if err := log.Handler().Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "2026-07-01T10:00:00") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}
