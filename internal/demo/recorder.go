package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// recorder notes what the demo sends to Foyer and what comes back, for the
// journey that the request belongs to. It changes nothing.
type recorder struct {
	next http.RoundTripper
	now  func() time.Time
}

// RoundTrip implements http.RoundTripper.
func (t *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	j := journeyOf(req.Context())
	if j == nil {
		return t.next.RoundTrip(req)
	}
	s := describe(req)
	s.Begun = t.now()
	res, err := t.next.RoundTrip(req)
	if err != nil {
		s.Wrong, s.Text = true, "Foyer did not answer: "+err.Error()
		j.add(s)
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), res.Body), res.Body}
	s.Took, s.Status, s.Got = t.now().Sub(s.Begun), res.StatusCode, members(body)
	s.Wrong = res.StatusCode >= 400
	j.add(s)
	return res, nil
}

// describe says what a request is for.
func describe(req *http.Request) step {
	s := step{From: "Demo", To: "Foyer", Method: req.Method, Address: plainAddress(req.URL)}
	if req.Header.Get("Authorization") != "" {
		kind, rest, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		s.Sent = append(s.Sent, param{"Authorization: " + kind, mask(rest), notes["Authorization: "+kind]})
	}
	form := formOf(req)
	s.Sent = append(s.Sent, params(form)...)
	switch {
	case strings.Contains(req.URL.Path, "/.well-known/openid-configuration") && !strings.HasSuffix(req.URL.Path, "/jwks"):
		s.Title, s.Text = "Who are you?", "The demo reads Foyer’s discovery document: where its endpoints are. Kept for an hour; the issuer in it must be the one that was asked."
	case form.Get("grant_type") == "refresh_token":
		s.Title, s.Text = "New tokens for the old", "The refresh token buys a new access token without bothering anybody. Were the person signed out, the answer would be invalid_grant."
	case form.Get("grant_type") != "":
		s.Title, s.Text = "The code for tokens", "Directly from server to server. The client’s secret says who asks, the code_verifier proves that it is the one who began: a stolen code is worth nothing."
	case req.Header.Get("Authorization") != "":
		s.Title, s.Text = "Who is that?", "The access token asks for the person’s claims. It works while the session at Foyer lives."
	default:
		s.Title, s.Text = "Which keys are yours?", "Foyer’s public keys, to check the ID token’s signature. Kept, and read again when a token names an unknown key."
	}
	return s
}

func formOf(req *http.Request) url.Values {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(body, 1<<16))
	if err != nil {
		return nil
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil
	}
	return form
}

// shown are the members of Foyer's answers that are worth showing.
var shown = map[string]bool{
	"access_token": true, "token_type": true, "expires_in": true, "scope": true, "refresh_token": true, "id_token": true,
	"error": true, "error_description": true, "sub": true, "name": true, "email": true, "email_verified": true,
	"issuer": true, "authorization_endpoint": true, "token_endpoint": true, "userinfo_endpoint": true, "end_session_endpoint": true, "jwks_uri": true,
}

func members(body []byte) []param {
	var m map[string]json.RawMessage
	if json.Unmarshal(body, &m) != nil {
		return nil
	}
	v := url.Values{}
	for name, raw := range m {
		if !shown[name] {
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		v.Set(name, text)
	}
	list := params(v)
	var keys []struct{ Kid, Alg string }
	if json.Unmarshal(m["keys"], &keys) == nil {
		for _, k := range keys {
			list = append(list, param{"kid", k.Kid, "a key for " + k.Alg})
		}
	}
	return list
}
