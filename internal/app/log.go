package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/config"
)

const (
	logDelay = 100 * time.Millisecond // how long a line may be held
	logSize  = 32 << 10               // bytes held at most, one line aside
)

// newLogger writes one JSON or text line for each event (LG2: both escape
// control characters). Lines below WARN are held for up to logDelay: a busy
// server writes hundreds of them at once instead of paying a system call for
// each. flush writes what is held; it is called when the server ends.
func newLogger(cfg *config.Server, w io.Writer) (log *slog.Logger, flush func() error) {
	lines := newHeldLines(w)
	o := &slog.HandlerOptions{Level: cfg.LogLevel()}
	var h slog.Handler = slog.NewJSONHandler(lines, o)
	if cfg.Log.Format == "text" {
		h = slog.NewTextHandler(lines, o)
	}
	return slog.New(&logHandler{h, lines}), lines.flush
}

// logHandler lets nothing wait that somebody should see now.
type logHandler struct {
	slog.Handler
	lines *heldLines
}

// Handle implements slog.Handler. UTC makes the lines of all nodes comparable
// (LG3).
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Time = r.Time.UTC()
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		err = errors.Join(err, h.lines.flush())
	}
	return err
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.Handler.WithAttrs(attrs), h.lines}
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.Handler.WithGroup(name), h.lines}
}

// heldLines is a writer that holds whole lines for a moment.
type heldLines struct {
	out   io.Writer
	mu    sync.Mutex
	held  []byte
	timer *time.Timer // set while something is held
}

func newHeldLines(out io.Writer) *heldLines {
	l := &heldLines{out: out, held: make([]byte, 0, logSize)}
	l.timer = time.AfterFunc(time.Hour, func() { _ = l.flush() }) // nobody is there to be told
	l.timer.Stop()
	return l
}

// Write implements io.Writer; slog calls it once for each line.
func (l *heldLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if len(l.held) > 0 && len(l.held)+len(line) > logSize {
		err = l.write()
	}
	if len(l.held) == 0 {
		l.timer.Reset(logDelay)
	}
	l.held = append(l.held, line...)
	return len(line), err
}

// flush writes what is held.
func (l *heldLines) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write()
}

func (l *heldLines) write() error {
	if len(l.held) == 0 {
		return nil
	}
	l.timer.Stop()
	_, err := l.out.Write(l.held)
	l.held = l.held[:0]
	return err
}
