package demo

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/foyer-id/foyer/rp"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// pages are the templates, parsed once.
type pages struct{ byName map[string]*template.Template }

func parsePages() (*pages, error) {
	p := &pages{map[string]*template.Template{}}
	funcs := template.FuncMap{"took": took, "lower": strings.ToLower}
	for _, name := range []string{"home", "reports", "journey", "raw", "signed_out", "failed", "mail"} {
		t, err := template.New("layout.html").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		p.byName[name] = t
	}
	return p, nil
}

// page is what a template shows.
type page struct {
	Title, Path    string
	Issuer         string
	Mailbox        bool // there is an inbox to look at
	Account        struct{ Identifier, Password string }
	Notice         string
	Who            string
	IDToken, Info  []claim
	Access         []claim
	Ended          []claim // the logout token that ended the session here
	CanRefresh     bool
	Raw            []param
	Journey        *journey
	Hops           []hop
	Known, Success bool
	Advice         string
	Code           string
}

// hop is a step with its distance from the beginning.
type hop struct {
	step
	After time.Duration
}

func (a *App) page(r *http.Request, title string) *page {
	return &page{Title: title, Path: r.URL.Path, Issuer: a.o.Issuer, Account: a.o.Account, Mailbox: a.o.Inbox != nil}
}

// render writes a page once all of it is there.
func (a *App) render(w http.ResponseWriter, status int, name string, p any) {
	var b bytes.Buffer
	if err := a.pages.byName[name].Execute(&b, p); err != nil {
		http.Error(w, "this page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser has left
}

// asset serves the sheet and the icon.
func (a *App) asset(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, assetFiles, "assets/"+r.PathValue("file"))
}

// journey explains the last journey.
func (a *App) journey(w http.ResponseWriter, r *http.Request) {
	p := a.page(r, "What just happened")
	if p.Journey = visitOf(r.Context()).latest(); p.Journey != nil {
		for _, s := range p.Journey.Steps() {
			p.Hops = append(p.Hops, hop{s, s.Begun.Sub(p.Journey.Begun)})
		}
	}
	a.render(w, http.StatusOK, "journey", p)
}

// failed says what went wrong; the refusals that the buttons ask for are
// explained on the journey's page.
func (a *App) failed(w http.ResponseWriter, r *http.Request, err error) {
	j := journeyOf(r.Context())
	var refused *rp.Error
	if errors.As(err, &refused) && refused.Code == "login_required" && refused.Status == 0 && j != nil {
		j.add(step{From: "Demo", Title: "Nobody is signed in", Begun: a.o.Now(), Wrong: true,
			Text: "prompt=none forbids screens, and without one there is nobody to name: login_required. The demo asks no further and keeps what it has."})
		http.Redirect(w, r, "/journey", http.StatusSeeOther)
		return
	}
	p := a.page(r, "That did not work")
	status := http.StatusBadRequest
	switch {
	case errors.As(err, &refused) && refused.Status == 0:
		p.Code, p.Notice = refused.Code, "Foyer sent the browser back without signing anybody in."
		p.Advice = "Whoever presses Cancel on Foyer’s page ends up here: nothing has changed."
	case errors.Is(err, rp.ErrState):
		p.Notice = "This answer belongs to no sign-in of this browser."
		p.Advice = "It was begun in another browser, or before the demo was started. Just begin again."
	case errors.Is(err, rp.ErrEnded):
		p.Notice = "Foyer ended the session while the demo was still signing you in."
		p.Advice = "The sign-out wins, whichever comes first. Just begin again."
	case errors.Is(err, rp.ErrToken), errors.Is(err, rp.ErrAnswer):
		p.Notice, p.Code = "Foyer’s answer could not be verified.", err.Error()
		p.Advice = "The demo accepts nothing that it cannot check. The page “What just happened” has the details."
	default:
		status = http.StatusBadGateway
		p.Notice, p.Code = "Foyer does not answer as it should.", err.Error()
		p.Advice = "Is it running at " + a.o.Issuer + "? Try again in a moment."
	}
	if j != nil {
		j.add(step{From: "Demo", Title: "It ends here", Text: p.Notice + " " + p.Code, Begun: a.o.Now(), Wrong: true})
	}
	a.render(w, status, "failed", p)
}
