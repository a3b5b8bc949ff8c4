package rp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"
)

// BackchannelOptions are how logout tokens are received.
type BackchannelOptions struct {
	// End ends the application's sessions that a verified token names: those of
	// its Issuer and SessionID, or, when that is "", all of its Issuer and
	// Subject. None being there is a success (Back-Channel §2.7). An error is
	// answered 503: the provider tries again. The context outlives the request:
	// the sessions end although the provider has stopped waiting. It may be called
	// by several goroutines at once. Required.
	End func(ctx context.Context, t LogoutToken) error
	// Replays remembers the tokens that were used; default NewReplays(0, nil), of
	// this process alone.
	Replays Replays
	// Failed is told what was refused and what went wrong, for a log. Optional.
	Failed func(r *http.Request, err error)
}

// BackchannelLogout is the handler of the client's backchannel_logout_uri
// (Back-Channel §2.5 to §2.8). It takes a POST with a logout_token in a form, from
// anybody: the token proves itself. It answers
//
//   - 200 when the sessions have ended, or there were none;
//   - 400 with a JSON error when the request or the token is not as it must be,
//     or the token was used before: trying again does not help;
//   - 503 with Retry-After when it cannot be told or done now, because the
//     provider's keys cannot be read, End failed, or Replays is full. The
//     specification has 400 for a logout that failed too (§2.8), but providers do
//     not send again what was refused with 400, and the session would live on.
//
// It must not stand behind anything that asks for a sign-in or a CSRF token. A
// nil End is a mistake of the programmer and panics.
func (c *Client) BackchannelLogout(o BackchannelOptions) http.Handler {
	if o.End == nil {
		panic("rp: BackchannelOptions.End is required")
	}
	if o.Replays == nil {
		o.Replays = NewReplays(0, c.p.now)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noStore(w) // §2.8
		if !allow(w, r, http.MethodPost) {
			return
		}
		err := c.backchannelLogout(w, r, &o)
		if err != nil && o.Failed != nil {
			o.Failed(r, err)
		}
		answerLogout(w, err)
	})
}

// errRequest: not a back-channel logout request (Back-Channel §2.5).
var errRequest = errors.New("rp: not a logout request")

// maxLogoutRequest bounds the form in bytes: a token, and parameters that are
// not known and ignored (§2.5).
const maxLogoutRequest = maxToken + 4<<10

// maxEnd is how long an application may take to end sessions.
const maxEnd = 30 * time.Second

func (c *Client) backchannelLogout(w http.ResponseWriter, r *http.Request, o *BackchannelOptions) error {
	raw, err := readLogoutRequest(w, r)
	if err != nil {
		return err
	}
	t, err := c.VerifyLogoutToken(r.Context(), raw)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), maxEnd)
	defer cancel()
	key := t.replayKey()
	// Remembered before anything is done, so that of two at once one is the second.
	if err := o.Replays.Use(ctx, key, t.Expires.Add(skew)); err != nil {
		return fmt.Errorf("remember logout token: %w", err)
	}
	ended := false
	defer func() {
		if !ended { // failed or panicked: the same token may come again
			if err := o.Replays.Release(context.WithoutCancel(ctx), key); err != nil && o.Failed != nil {
				o.Failed(r, fmt.Errorf("release logout token: %w", err))
			}
		}
	}()
	if err := o.End(ctx, *t); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	ended = true
	return nil
}

// readLogoutRequest: one logout_token in the form (Back-Channel §2.5), never in
// the address, which is logged.
func readLogoutRequest(w http.ResponseWriter, r *http.Request) (string, error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return "", fmt.Errorf("%w: it is %q, not a form", errRequest, kind)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxLogoutRequest)
	if err := r.ParseForm(); err != nil {
		return "", fmt.Errorf("%w: %w", errRequest, err)
	}
	tokens := r.PostForm["logout_token"]
	if len(tokens) != 1 || tokens[0] == "" {
		return "", fmt.Errorf("%w: it has %d values of logout_token, not one", errRequest, len(tokens))
	}
	return tokens[0], nil
}

// answerLogout: Back-Channel §2.8. The description says why a token was refused:
// whoever made it knows what is in it.
func answerLogout(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.Is(err, errRequest), errors.Is(err, ErrReplayed), errors.Is(err, ErrToken) && !errors.Is(err, ErrKeys):
		logoutError(w, http.StatusBadRequest, "invalid_request", err.Error())
	default:
		w.Header().Set("Retry-After", fmt.Sprint(int(refetchAfter/time.Second)))
		logoutError(w, http.StatusServiceUnavailable, "temporarily_unavailable", "the logout could not be done now; try again later")
	}
}

func logoutError(w http.ResponseWriter, status int, code, description string) {
	b, _ := json.Marshal(map[string]string{"error": code, "error_description": description})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the provider has left
}

// BackchannelLogout ends the site's sessions when the provider says so: register
// its address as the client's backchannel_logout_uri. See
// [Client.BackchannelLogout] for what it answers. What a token names is ended in
// the Store by one call, sign-ins under way included; then
// SiteOptions.SignedOut is called.
func (s *Site) BackchannelLogout() http.Handler {
	return s.client.BackchannelLogout(BackchannelOptions{Replays: s.o.Replays, Failed: s.o.LogoutFailed, End: s.endNamed})
}

func (s *Site) endNamed(ctx context.Context, t LogoutToken) (err error) {
	if t.SessionID != "" {
		// The clocks of a provider's nodes differ a little, and a new sign-in has
		// another sid.
		err = s.o.Store.EndBySID(ctx, t.Issuer, t.SessionID, t.IssuedAt.Add(skew))
	} else {
		err = s.o.Store.EndBySub(ctx, t.Issuer, t.Subject, t.IssuedAt)
	}
	if err != nil || s.o.SignedOut == nil {
		return err
	}
	return s.o.SignedOut(ctx, t)
}
