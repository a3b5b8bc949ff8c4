package rp

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"time"
)

const sessionSuffix = "-session"

type contextKey struct{}

// FromContext returns the session that Require found, nil when there is none.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(contextKey{}).(*Session)
	return s
}

// Session returns the session of a request's browser, or ErrNoSession, or the
// store's error.
func (s *Site) Session(r *http.Request) (*Session, error) {
	cookie := s.jar.get(r, sessionSuffix)
	if cookie == "" {
		return nil, ErrNoSession
	}
	found, err := s.o.Store.Load(r.Context(), hashID(cookie))
	switch {
	case errors.Is(err, ErrNoSession):
		return nil, ErrNoSession
	case err != nil:
		return nil, fmt.Errorf("load session: %w", err)
	case !s.client.p.now().Before(found.Expires):
		return nil, ErrNoSession
	}
	return found, nil
}

// Require lets requests of signed-in browsers through, with the session in
// their context, and sends others to sign in and back; requests that are not a
// person looking at a page get 401.
func (s *Site) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noStore(w) // the back button shows nothing after signing out
		found, err := s.Session(r)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, found)))
		case !errors.Is(err, ErrNoSession):
			s.o.Failed(w, r, err)
		case !navigation(r):
			http.Error(w, "sign in first", http.StatusUnauthorized)
		default:
			to := s.o.LoginPath
			if here := r.URL.RequestURI(); LocalPath(here) {
				to += "?" + url.Values{"return_to": {here}}.Encode()
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
		}
	})
}

func navigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (mode == "" || mode == "navigate")
}

// refreshBefore is how long before its end an access token is renewed.
const refreshBefore = time.Minute

// Fresh returns the session with an access token that is good for another
// minute, refreshed when it has to be. ErrNoSession: the provider has ended the
// sign-in, and the session here with it.
func (s *Site) Fresh(ctx context.Context, n *Session) (*Session, error) {
	return s.renew(ctx, n, func(n *Session) bool {
		t := n.Tokens
		return t.RefreshToken != "" && !t.Expires.IsZero() && t.Expires.Sub(s.client.p.now()) < refreshBefore
	})
}

// Refresh is Fresh without waiting until it is needed.
func (s *Site) Refresh(ctx context.Context, n *Session) (*Session, error) {
	return s.renew(ctx, n, func(now *Session) bool { return now.Tokens.AccessToken == n.Tokens.AccessToken })
}

// renew refreshes one session at a time: of two requests the second finds what
// the first has got.
func (s *Site) renew(ctx context.Context, n *Session, due func(*Session) bool) (*Session, error) {
	if !due(n) {
		return n, nil
	}
	turn := s.renewal[maphash.String(s.seed, n.ID)%uint64(len(s.renewal))]
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n, err := s.o.Store.Load(ctx, n.ID)
	if err != nil {
		return nil, fmt.Errorf("load session: %w", err)
	}
	if !due(n) {
		return n, nil
	}
	t, err := s.client.Refresh(ctx, &n.Tokens)
	var refused *Error
	if errors.As(err, &refused) && refused.Code == "invalid_grant" {
		if err := s.o.Store.Delete(ctx, n.ID); err != nil {
			return nil, fmt.Errorf("end session: %w", err)
		}
		return nil, fmt.Errorf("%w: %w", ErrNoSession, err)
	}
	if err != nil {
		return nil, err
	}
	n.Tokens = *t
	// Once the provider has answered, what it gave is kept, whoever still waits.
	if err := s.o.Store.Update(context.WithoutCancel(ctx), n); err != nil {
		return nil, fmt.Errorf("keep session: %w", err)
	}
	return n, nil
}
