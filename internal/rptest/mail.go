package rptest

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/inbox"
	"github.com/foyer-id/foyer/internal/storetest"
)

// BothMailing is Both with mail configured.
func BothMailing(t *testing.T, tenants string, fn func(t *testing.T, w *World)) {
	t.Helper()
	for _, db := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", storetest.MigratedSQLite}, {"postgres", storetest.MigratedPostgres}} {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			fn(t, New(t, tenants, Options{Database: db.url(t), Mail: true}))
		})
	}
}

func (w *World) openInbox(flags map[string]string) {
	box, err := inbox.Open(w.T.Context(), inbox.Options{Now: w.Now})
	check(w.T, err)
	done := make(chan error, 1)
	go func() { done <- box.Serve() }()
	w.T.Cleanup(func() { _ = box.Close(); check(w.T, <-done) })
	w.Inbox = box
	flags["mail-from"] = "Example <no-reply@example.com>"
	flags["mail-smtp-host"], flags["mail-smtp-port"] = "127.0.0.1", strconv.Itoa(int(box.Addr().Port()))
}

func (w *World) runWorker() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.T.Context()))
	done := make(chan struct{})
	go func() { defer close(done); w.Server.Worker.Run(ctx) }()
	w.rest = func() { cancel(); <-done }
	w.T.Cleanup(w.rest)
}

// Rest stops the outbox. When it returns, every attempt under way has ended
// and what came of it is stored.
func (w *World) Rest() { w.rest() }

// Mail waits for the next mail to an address after the first seen ones, and
// returns it. seen counts the mails to that address.
func (w *World) Mail(to string, seen int) inbox.Mail {
	w.T.Helper()
	end := time.After(20 * time.Second)
	for {
		news := w.Inbox.News()
		var list []inbox.Mail
		for _, m := range w.Inbox.Mails() {
			if strings.EqualFold(strings.Trim(m.To, "<>"), to) {
				list = append([]inbox.Mail{m}, list...)
			}
		}
		if len(list) > seen {
			return list[seen]
		}
		select {
		case <-news:
		case <-end:
			w.T.Fatalf("no mail number %d to %s came", seen+1, to)
		}
	}
}

// Path is the address of a mail's link below the World's base.
func (w *World) Path(m inbox.Mail) string {
	w.T.Helper()
	path, ok := strings.CutPrefix(m.Link(), w.Base)
	if !ok {
		w.T.Fatalf("the link is %q:\n%s", m.Link(), m.Text)
	}
	return path
}
