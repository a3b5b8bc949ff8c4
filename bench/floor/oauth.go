package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What a bearer string is for; part of its hash.
const (
	aSession = 's'
	aCode    = 'c'
	anAccess = 'a'
	aRefresh = 'r'
)

const hour = 3600

type provider struct {
	issuer      string
	rows, codes store
	signer      *signer
}

// grant is what a code, an access token and a refresh token carry.
type grant struct {
	Client, Redirect, Challenge, Nonce, Scope, Subject, SID string
	At                                                      int64
}

// answer of the token endpoint.
type answer struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Scope   string `json:"scope,omitempty"`
	IDToken string `json:"id_token,omitempty"`
	Refresh string `json:"refresh_token,omitempty"`
}

var (
	secretHash   = sha256.Sum256([]byte("secret"))
	passwordHash = sha256.Sum256([]byte("password")) // the password's hash is not the floor's to measure
	jsonType     = []string{"application/json"}
	noStore      = []string{"no-store"}
	form         = template.Must(template.New("login").Parse(`<!doctype html><title>Sign in</title><form method=post action=/login><input type=hidden name=q value="{{.}}"><input name=username><input name=password type=password><button>Sign in</button></form>`))
)

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func reply(w http.ResponseWriter, status int, v any) {
	body := encode(v)
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	w.WriteHeader(status)
	w.Write(body)
}

func refuse(w http.ResponseWriter, status int, code string) {
	reply(w, status, map[string]string{"error": code})
}

func document(body []byte) http.HandlerFunc {
	length := []string{strconv.Itoa(len(body))}
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Content-Type"], h["Content-Length"] = jsonType, length
		w.Write(body)
	}
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c, err := r.Cookie("sid")
	if err != nil {
		w.Header().Set("Content-Type", "text/html")
		form.Execute(w, r.URL.RawQuery)
		return
	}
	sub, err := p.rows.find(read(aSession, c.Value))
	if err != nil || q.Get("client_id") == "" || !strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:") {
		refuse(w, http.StatusBadRequest, "invalid_request")
		return
	}
	p.issueCode(w, q, sub, c.Value[:12])
}

func (p *provider) issueCode(w http.ResponseWriter, q url.Values, sub, sid string) {
	g := grant{q.Get("client_id"), q.Get("redirect_uri"), q.Get("code_challenge"), q.Get("nonce"), q.Get("scope"), sub, sid, time.Now().Unix()}
	code, at := mint(aCode)
	if _, err := p.codes.apply(change{add: []row{{at, string(encode(&g))}}}); err != nil {
		refuse(w, http.StatusInternalServerError, "server_error")
		return
	}
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.issuer}}
	w.Header()["Location"] = []string{g.Redirect + "?" + back.Encode()}
	w.WriteHeader(http.StatusSeeOther)
}

func (p *provider) login(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	sum := sha256.Sum256([]byte(r.PostForm.Get("password")))
	q, err := url.ParseQuery(r.PostForm.Get("q"))
	if err != nil || subtle.ConstantTimeCompare(sum[:], passwordHash[:]) != 1 {
		refuse(w, http.StatusForbidden, "wrong_password")
		return
	}
	cookie, at := mint(aSession)
	if _, err := p.rows.apply(change{add: []row{{at, r.PostForm.Get("username")}}}); err != nil {
		refuse(w, http.StatusInternalServerError, "server_error")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: cookie, Path: "/", HttpOnly: true})
	p.issueCode(w, q, r.PostForm.Get("username"), cookie[:12])
}

// client is who asks; a public client says its name alone.
func client(r *http.Request) (string, bool) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id = r.PostForm.Get("client_id")
		return id, id != ""
	}
	sum := sha256.Sum256([]byte(secret))
	return id, subtle.ConstantTimeCompare(sum[:], secretHash[:]) == 1
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	id, ok := client(r)
	if !ok {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		p.machine(w, r, id)
	case "authorization_code":
		p.redeem(w, r, id)
	case "refresh_token":
		p.refresh(w, r, id)
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
	}
}

// machine answers client_credentials: opaque for clients of that name.
func (p *provider) machine(w http.ResponseWriter, r *http.Request, id string) {
	now, scope := time.Now().Unix(), r.PostForm.Get("scope")
	token, at := mint(anAccess)
	if strings.HasPrefix(id, "opaque") {
		if _, err := p.rows.apply(change{add: []row{{at, string(encode(&grant{Client: id, Scope: scope, At: now}))}}}); err != nil {
			refuse(w, http.StatusInternalServerError, "server_error")
			return
		}
	} else {
		token = p.signer.jwt(&claims{Issuer: p.issuer, Subject: id, Audience: "api", Issued: now, Expires: now + hour, ID: token, Scope: scope})
	}
	reply(w, http.StatusOK, &answer{Access: token, Type: "Bearer", Expires: hour, Scope: scope})
}

func (p *provider) redeem(w http.ResponseWriter, r *http.Request, id string) {
	f := r.PostForm
	body, err := p.codes.apply(change{take: read(aCode, f.Get("code"))})
	var g grant
	if err == nil {
		err = json.Unmarshal([]byte(body), &g)
	}
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	if err != nil || g.Client != id || g.Redirect != f.Get("redirect_uri") || g.Challenge != b64.EncodeToString(sum[:]) {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	p.issue(w, &g, body, ref{}, strings.Contains(g.Scope, "offline_access"))
}

func (p *provider) refresh(w http.ResponseWriter, r *http.Request, id string) {
	old := read(aRefresh, r.PostForm.Get("refresh_token"))
	body, err := p.rows.find(old)
	var g grant
	if err == nil {
		err = json.Unmarshal([]byte(body), &g)
	}
	if err != nil || g.Client != id {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	p.issue(w, &g, body, old, true)
}

// issue keeps what a grant's new tokens need, in one commit, and answers.
func (p *provider) issue(w http.ResponseWriter, g *grant, body string, old ref, offline bool) {
	a := &answer{Type: "Bearer", Expires: hour, Scope: g.Scope}
	var at ref
	a.Access, at = mint(anAccess)
	c := change{take: old, add: []row{{at, body}}}
	if offline {
		a.Refresh, at = mint(aRefresh)
		c.add = append(c.add, row{at, body})
	}
	if _, err := p.rows.apply(c); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	now := time.Now().Unix()
	a.IDToken = p.signer.jwt(&claims{Issuer: p.issuer, Subject: g.Subject, Audience: g.Client, Issued: now, Expires: now + hour,
		AuthTime: g.At, Nonce: g.Nonce, SID: g.SID})
	reply(w, http.StatusOK, a)
}

func (p *provider) introspect(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	if _, ok := client(r); !ok {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	g, ok := p.holder(r.PostForm.Get("token"))
	if !ok {
		reply(w, http.StatusOK, map[string]bool{"active": false})
		return
	}
	reply(w, http.StatusOK, &struct {
		Active bool   `json:"active"`
		Client string `json:"client_id"`
		Scope  string `json:"scope"`
		Type   string `json:"token_type"`
		claims
	}{true, g.Client, g.Scope, "Bearer", claims{Issuer: p.issuer, Subject: g.Subject, Audience: "api", Issued: g.At, Expires: g.At + hour}})
}

func (p *provider) userinfo(w http.ResponseWriter, r *http.Request) {
	g, ok := p.holder(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if !ok {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	reply(w, http.StatusOK, &struct {
		Subject  string `json:"sub"`
		Name     string `json:"name"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}{g.Subject, "Ada Lovelace", "ada@example.com", true})
}

func (p *provider) holder(token string) (g grant, ok bool) {
	body, err := p.rows.find(read(anAccess, token))
	return g, err == nil && json.Unmarshal([]byte(body), &g) == nil
}

func (p *provider) endSession(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("sid"); err == nil {
		p.rows.apply(change{take: read(aSession, c.Value)})
	}
	http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", MaxAge: -1})
	w.Header()["Location"] = []string{r.URL.Query().Get("post_logout_redirect_uri")}
	w.WriteHeader(http.StatusSeeOther)
}
