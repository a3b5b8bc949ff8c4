package demo

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/foyer-id/foyer/internal/inbox"
)

// mailPage is what templates/mail.html shows.
type mailPage struct {
	*page
	Mails []mailView
}

// mailView is one mail, its text cut where the code and the link stand.
type mailView struct {
	inbox.Mail
	Lines []mailLine
}

// Reader is the address without what stands around it in the header.
func (m mailView) Reader() string { return strings.Trim(m.To, "<>") }

type mailLine struct{ Text, Link, Code string }

// mail is the development inbox: what Foyer has sent, newest first, kept in
// memory while the demo runs.
func (a *App) mail(w http.ResponseWriter, r *http.Request) {
	p := &mailPage{page: a.page(r, "Mail")}
	for _, m := range a.o.Inbox.Mails() {
		v := mailView{Mail: m}
		for line := range strings.SplitSeq(strings.TrimSpace(m.Text), "\n") {
			l := mailLine{Text: line}
			switch {
			case line != "" && line == m.Link():
				l = mailLine{Link: line}
			case line != "" && line == m.Code():
				l = mailLine{Code: line}
			}
			v.Lines = append(v.Lines, l)
		}
		p.Mails = append(p.Mails, v)
	}
	a.render(w, http.StatusOK, "mail", p)
}

// mailHTML is a mail as a mail program shows it, in a sandbox: it may style
// itself and lead to its links, nothing else.
func (a *App) mailHTML(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	m, ok := a.o.Inbox.Find(id)
	if err != nil || !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox allow-top-navigation-by-user-activation")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(m.HTML)) // #nosec G705 -- a document of its own, sandboxed
}
