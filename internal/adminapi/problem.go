package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// Problem is an answer that says what went wrong (RFC 9457). Its type is always
// about:blank, which may be left out; code is what programs compare.
type Problem struct {
	Title     string    `json:"title" doc:"The HTTP status in words."`
	Status    int       `json:"status"`
	Detail    string    `json:"detail,omitempty" doc:"What is wrong with this request, for people."`
	Code      string    `json:"code" doc:"What is wrong, for programs."`
	RequestID string    `json:"request_id" doc:"Names this request in the server's log."`
	Errors    []Finding `json:"errors,omitempty" doc:"Everything that was found, each at its place."`
}

// Finding is one thing that is wrong with a request.
type Finding struct {
	Pointer   string `json:"pointer,omitempty" doc:"JSON pointer into the body (RFC 6901)."`
	Parameter string `json:"parameter,omitempty" doc:"Name of the query parameter."`
	Detail    string `json:"detail"`
}

// findings are a refusal's cause.
type findings []Finding

// Error implements error.
func (f findings) Error() string {
	var all []string
	for _, x := range f {
		all = append(all, strings.TrimSpace(x.Pointer+x.Parameter+" "+x.Detail))
	}
	return strings.Join(all, "; ")
}

func refuse(status int, code, detail string) error {
	return &web.Refused{Status: status, Code: code, Detail: detail}
}

func notFound(what string) error {
	return refuse(http.StatusNotFound, "not_found", "there is no such "+what+" in this tenant")
}

// problemOf is what is answered to an error; it leaves the cause to the log and
// sets the headers that go with the status.
func problemOf(w http.ResponseWriter, r *http.Request, err error) Problem {
	q := web.From(r.Context())
	if errors.Is(err, errNoToken) {
		err = &web.Refused{Status: http.StatusUnauthorized, Code: "no_token", Detail: "send an access token of client_credentials as Authorization: Bearer …"}
	}
	e := web.Refuse(err)
	q.Error, q.Cause = e.Code, e.Err
	p := Problem{Title: http.StatusText(e.Status), Status: e.Status, Detail: e.Detail, Code: e.Code, RequestID: q.ID}
	var list findings
	if errors.As(e.Err, &list) {
		p.Errors, q.Cause = list, nil
	}
	h := w.Header()
	switch {
	case e.Status == http.StatusUnauthorized, e.Code == string(oidc.InsufficientScope):
		h["Www-Authenticate"] = []string{challenge(q, e)}
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable:
		web.RetryAfter(h, max(e.RetryAfter, time.Second))
	case e.Status >= 500:
		p.Detail = "something went wrong here, not in the request"
	}
	return p
}

// challenge is that of RFC 6750 §3: without an error code for a request that
// had no token.
func challenge(q *web.Request, e *web.Refused) string {
	issuer := ""
	if q.Tenant != nil {
		issuer = q.Tenant.Issuer
	}
	s := `Bearer realm="` + issuer + `"`
	if e.Code == string(oidc.InvalidToken) || e.Code == string(oidc.InsufficientScope) {
		s += `, error="` + e.Code + `", error_description="` + e.Detail + `"`
	}
	return s
}

var problemType = []string{"application/problem+json"}

// Fail answers an error as its route does.
func (a *API) Fail(w http.ResponseWriter, r *http.Request, err error) error {
	p := problemOf(w, r, err)
	if ownsAkamai(web.From(r.Context()).Route) {
		return failAkamai(w, p)
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	web.NoStore(w.Header())
	return web.Body(w, p.Status, problemType, b)
}
