package rptest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// Answer is the answer of an endpoint for programs.
type Answer struct {
	Status int
	Header http.Header
	JSON   map[string]any
	Raw    string
}

// Get returns a string member.
func (a *Answer) Get(name string) string {
	s, _ := a.JSON[name].(string)
	return s
}

// Call posts a form; basic, when set, is "id:secret" for HTTP Basic.
func (w *World) Call(path, basic string, form url.Values, header ...string) *Answer {
	w.T.Helper()
	r := httptest.NewRequest(http.MethodPost, w.Base+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return answer(w.Do(r))
}

// Fetch gets a path with headers (name, value, …).
func (w *World) Fetch(path string, header ...string) *Answer {
	w.T.Helper()
	r := httptest.NewRequest(http.MethodGet, w.Base+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return answer(w.Do(r))
}

func answer(rec *httptest.ResponseRecorder) *Answer {
	a := &Answer{Status: rec.Code, Header: rec.Header(), Raw: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.JSON) // not every answer is JSON
	return a
}

// Basic is the Basic credential of a confidential client of Tenant.
func Basic(clientID string) string { return clientID + ":" + Secret }

// Redeem exchanges a code of a client of Tenant; public clients by client_id.
func (w *World) Redeem(clientID, code string) *Answer {
	w.T.Helper()
	v := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {Callback}, "code_verifier": {Verifier}}
	return w.Call("/token", w.credentials(clientID, v), v)
}

// Refresh presents a refresh token.
func (w *World) Refresh(clientID, token string) *Answer {
	w.T.Helper()
	v := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	return w.Call("/token", w.credentials(clientID, v), v)
}

func (w *World) credentials(clientID string, v url.Values) string {
	if clientID == "spa" || clientID == "native" {
		v.Set("client_id", clientID)
		return ""
	}
	return Basic(clientID)
}

// Claims are the claims of a JWT, unverified.
func (w *World) Claims(jwt string) map[string]any {
	w.T.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		w.T.Fatalf("not a JWT: %q", jwt)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	check(w.T, err)
	var m map[string]any
	check(w.T, json.Unmarshal(b, &m))
	return m
}
