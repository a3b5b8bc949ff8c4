package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/foyer-id/foyer/bench/load"
)

// worker is one browser or application: a connection and what it holds.
type worker struct {
	s    *server
	n    int // which worker
	conn *load.Conn
	buf  []byte

	session    string // value of the Cookie header
	identifier string // "": that of the n-th account
	stock      []held // sessions to end

	access, refresh, idToken string
}

type held struct{ cookie, hint string }

const verifier = "bench-verifier-0123456789abcdef0123456789abcdef"

var (
	challenge = func() string {
		sum := sha256.Sum256([]byte(verifier))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}()
	escapedCallback = url.QueryEscape(callback)
)

// get writes a GET request.
func get(host, path, more string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n")
}

// post writes a POST of a form.
func post(host, path, more, form string) []byte {
	return []byte("POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
		strconv.Itoa(len(form)) + "\r\n" + more + "\r\n" + form)
}

func (s *server) basic(id string) string {
	secret := clientSecret
	if !s.isOur {
		secret = "secret"
	}
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret)) + "\r\n"
}

func (w *worker) do(request []byte, status int) (load.Answer, error) {
	a, err := w.conn.Do(request)
	if err == nil && a.Status != status {
		first, _, _ := bytes.Cut(request, []byte("\r\n"))
		err = fmt.Errorf("%s: %s, want %d", first, a, status)
	}
	return a, err
}

func authorizeQuery(client, scope string) string {
	return "client_id=" + client + "&response_type=code&redirect_uri=" + escapedCallback + "&scope=" + scope +
		"&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj&code_challenge=" + challenge + "&code_challenge_method=S256"
}

const (
	webScope = "openid+profile+email"
	appScope = "openid+profile+email+offline_access"
)

func scopeOf(client string) string {
	if client == "app" {
		return appScope
	}
	return webScope
}

// authorize gets a code with the live session.
func (w *worker) authorize(client string) (string, error) {
	a, err := w.do(get(w.s.addr, "/authorize?"+authorizeQuery(client, scopeOf(client)), "Cookie: "+w.session+"\r\n"), 303)
	if err != nil {
		return "", err
	}
	return codeOf(a)
}

func codeOf(a load.Answer) (string, error) {
	_, rest, ok := bytes.Cut(a.Header("Location"), []byte("code="))
	if !ok {
		return "", fmt.Errorf("no code: %s", a)
	}
	code, _, _ := bytes.Cut(rest, []byte("&"))
	return string(code), nil
}

// redeem exchanges a code and keeps the tokens.
func (w *worker) redeem(client, code string) error {
	form := "grant_type=authorization_code&code=" + code + "&redirect_uri=" + escapedCallback + "&code_verifier=" + verifier
	auth := ""
	if client == "app" {
		form += "&client_id=app"
	} else {
		auth = w.s.basic(client)
	}
	a, err := w.do(post(w.s.addr, "/token", auth, form), 200)
	if err != nil {
		return err
	}
	return w.keep(a)
}

func (w *worker) keep(a load.Answer) error {
	w.access, w.refresh, w.idToken = member(a.Body, "access_token"), member(a.Body, "refresh_token"), member(a.Body, "id_token")
	if w.access == "" || w.idToken == "" {
		return fmt.Errorf("no tokens: %s", a)
	}
	return nil
}

// member is a text member of a JSON object that needs no unescaping.
func member(body []byte, name string) string {
	_, rest, ok := bytes.Cut(body, []byte(`"`+name+`":"`))
	if !ok {
		return ""
	}
	v, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(v)
}

// flow is a code flow with the live session.
func (w *worker) flow(client string) error {
	code, err := w.authorize(client)
	if err != nil {
		return err
	}
	return w.redeem(client, code)
}

// begin makes sure that there is a session.
func (w *worker) begin() error {
	if w.session != "" {
		return nil
	}
	_, err := w.signIn("web")
	return err
}

// signIn walks through the screens as a new browser does and returns the code.
func (w *worker) signIn(client string) (string, error) {
	w.session = ""
	query := authorizeQuery(client, scopeOf(client))
	if !w.s.isOur {
		return w.signInFloor(query)
	}
	a, err := w.do(get(w.s.addr, "/authorize?"+query, "Accept: text/html\r\n"), 303)
	if err != nil {
		return "", err
	}
	w.cookies(a)
	a, err = w.do(get(w.s.addr, string(a.Header("Location")), "Accept: text/html\r\n"+w.cookieLine()), 200)
	if err != nil {
		return "", err
	}
	w.cookies(a)
	r := attribute(a.Body, `name="r" value="`)
	if r == "" {
		return "", fmt.Errorf("the login form has no field r: %s", a)
	}
	a, err = w.do(w.loginForm(r), 303)
	if err != nil {
		return "", err
	}
	w.cookies(a)
	return codeOf(a)
}

// loginForm is what a browser sends when the form is submitted.
func (w *worker) loginForm(r string) []byte {
	identifier := w.identifier
	if identifier == "" {
		identifier = email(w.n)
	}
	form := "r=" + r + "&identifier=" + url.QueryEscape(identifier) + "&password=" + url.QueryEscape(password)
	return post(w.s.addr, "/login", "Accept: text/html\r\nOrigin: http://"+w.s.addr+"\r\nSec-Fetch-Site: same-origin\r\n"+w.cookieLine(), form)
}

func (w *worker) signInFloor(query string) (string, error) {
	if _, err := w.do(get(w.s.addr, "/authorize?"+query, ""), 200); err != nil {
		return "", err
	}
	a, err := w.do(post(w.s.addr, "/login", "", "username=ada&password=password&q="+url.QueryEscape(query)), 303)
	if err != nil {
		return "", err
	}
	w.cookies(a)
	return codeOf(a)
}

// attribute is the text after a prefix and up to the next quote.
func attribute(page []byte, prefix string) string {
	_, rest, _ := bytes.Cut(page, []byte(prefix))
	v, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(v)
}

// cookies adds what an answer sets.
func (w *worker) cookies(a load.Answer) {
	for line := range a.Headers("Set-Cookie") {
		pair, _, _ := strings.Cut(string(line), ";")
		if w.session != "" {
			w.session += "; "
		}
		w.session += pair
	}
}

func (w *worker) cookieLine() string {
	if w.session == "" {
		return ""
	}
	return "Cookie: " + w.session + "\r\n"
}
