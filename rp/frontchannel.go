package rp

import (
	"errors"
	"net/http"
	"net/url"
)

// FrontchannelLogout ends the session of the browser that loads it in a frame of
// the provider's signed-out page: register its address as the client's
// frontchannel_logout_uri, with frontchannel_logout_session_required. Only the
// browser's own session ends, and only when its iss and sid are those of the
// address (Front-Channel §3): a sid is known to other applications and proves
// nothing by itself.
//
// Browsers no longer send a site's cookies into a frame on another site, so this
// works where application and provider are of one site, such as app.example.com
// and id.example.com. BackchannelLogout works everywhere.
func (s *Site) FrontchannelLogout() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noStore(w)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+origin(s.client.p.issuer))
		w.Header().Del("X-Frame-Options") // of an outer handler: it cannot name an origin
		if !allow(w, r, http.MethodGet) {
			return
		}
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil || len(q["iss"]) != 1 || len(q["sid"]) != 1 || q.Get("iss") != s.client.p.issuer || q.Get("sid") == "" {
			http.Error(w, "iss must be the provider and sid a session there, once each", http.StatusBadRequest)
			return
		}
		if err := s.endFramed(w, r, q.Get("sid")); err != nil {
			if s.o.LogoutFailed != nil {
				s.o.LogoutFailed(r, err)
			}
			http.Error(w, "the session could not be ended now", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Signed out</title>")) // the browser has left
	})
}

// endFramed ends the browser's session if it is that of a sid. The session of
// another sid stays: it is not the one that ended.
func (s *Site) endFramed(w http.ResponseWriter, r *http.Request, sid string) error {
	found, err := s.Session(r)
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	if id := found.Tokens.IDToken; id.Issuer != s.client.p.issuer || id.SessionID != sid {
		return nil
	}
	if err := s.o.Store.EndBySID(r.Context(), s.client.p.issuer, sid, s.client.p.now().Add(skew)); err != nil {
		return err
	}
	s.jar.set(w, sessionSuffix, "", 0)
	return nil
}

// origin is scheme, host and port of an issuer, which Discover has read.
func origin(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return "'none'"
	}
	return u.Scheme + "://" + u.Host
}
