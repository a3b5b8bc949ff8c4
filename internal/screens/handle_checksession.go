package screens

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"

	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/web"
)

// checkSession is a document without words: nobody sees it.
var checkSession = template.Must(template.New("checksession").Funcs(template.FuncMap{"asset": AssetPath}).Parse(
	`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>Session</title>
<script type="module" src="{{.Base}}/{{asset "checksession.js"}}" nonce="{{.Nonce}}"></script>
</html>
`))

// CheckSession implements op.Screens: the iframe that applications ask whether
// the session is still theirs. It is the one page that others may frame, those
// origins and no more (HD2), and it can do nothing but ask its own origin.
func (s *Screens) CheckSession(w http.ResponseWriter, r *http.Request, ancestors []string) error {
	page := struct{ Base, Nonce string }{web.From(r.Context()).Tenant.BasePath, secret.Random(nonceBytes)}
	var b bytes.Buffer
	if err := checkSession.Execute(&b, page); err != nil {
		return err
	}
	h := w.Header()
	SecurityHeaders(h)
	h.Del("X-Frame-Options") // frame-ancestors says it; the old header has no list
	// Applications that isolate themselves (COEP) frame it as well.
	h["Cross-Origin-Resource-Policy"] = []string{"cross-origin"}
	h["Cross-Origin-Embedder-Policy"] = []string{"require-corp"}
	web.NoStore(h)
	h["Content-Security-Policy"] = []string{"default-src 'none'; style-src 'self'; img-src 'self'; script-src 'nonce-" + page.Nonce +
		"'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors " + frameSources(ancestors)}
	h["Referrer-Policy"] = []string{"no-referrer"}
	return web.Body(w, http.StatusOK, htmlType, b.Bytes())
}

// frameSources writes origins as CSP sources. One that could end a source, a
// directive or the header is left out.
func frameSources(origins []string) string {
	var kept []string
	for _, o := range origins {
		if plainSource(o) && !strings.ContainsAny(o, "*[") { // CSP has no IPv6 literals
			kept = append(kept, o)
		}
	}
	if len(kept) == 0 {
		return "'none'"
	}
	return strings.Join(kept, " ")
}
