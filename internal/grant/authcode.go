package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

// authorizationCode redeems a code (RFC 6749 §4.1.3, OIDC Core §3.1.3): one
// read, the judgement, one transition that one caller wins.
func (x *exchange) authorizationCode(ctx context.Context) (*oidc.TokenResponse, error) {
	code, st, err := x.findCode(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case st.CodeUsedAt != 0:
		return nil, x.codeReplayed(ctx, st)
	case st.CodeExpiresAt <= x.now.UnixMicro() || !st.Alive(x.now) || !st.SessionAlive: // I3: also before an offline grant
		return nil, dead("code")
	}
	to, err := x.aimLater(st, st.Spec.Scope)
	if err != nil {
		return nil, err
	}
	for range tries {
		var answer *issued
		if answer, err = x.mint(ctx, st, to, st.Spec.Nonce); err != nil {
			return nil, err
		}
		r := Redemption{GrantID: st.ID, Hash: code.Hash(), Access: answer.access}
		if x.c.AllowsGrant(refreshToken) {
			next := secret.New(secret.RefreshToken, x.now)
			r.Refresh = x.refreshRow(next, st)
			answer.RefreshToken = next.Reveal()
		}
		switch err = x.store.RedeemCode(ctx, x.t.ID, r, x.now); {
		case err == nil:
			return &answer.TokenResponse, nil
		case errors.Is(err, ErrReplayed): // lost the race: the code was presented twice
			return nil, x.codeReplayed(ctx, st)
		case errors.Is(err, ErrDead):
			return nil, dead("code")
		case !errors.Is(err, ErrCollision):
			return nil, fmt.Errorf("redeem code: %w", err)
		}
	}
	return nil, fmt.Errorf("redeem code: %w", err)
}

// findCode returns the state behind the code that the request proves to hold:
// the whole code, from the client it was made for, with its redirect_uri and
// code_verifier (AZ6). Less than that is evidence of nothing.
func (x *exchange) findCode(ctx context.Context) (secret.Opaque, *State, error) {
	const unknown = "code is not one that was issued to this client"
	if !x.f.Has("code") {
		return secret.Opaque{}, nil, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §4.1.3", "code is missing")
	}
	code, ok := secret.Parse(secret.AuthCode, x.f.Get("code"))
	if !ok {
		return code, nil, x.mismatch(ctx, "malformed code", unknown)
	}
	st, err := x.store.FindGrant(ctx, x.t.ID, code.Selector, x.now)
	switch {
	case errors.Is(err, ErrNotFound):
		return code, nil, x.mismatch(ctx, "unknown code", unknown)
	case err != nil:
		return code, nil, fmt.Errorf("find code: %w", err)
	case !secret.Equal(st.CodeHash, code.Hash()):
		return code, nil, x.mismatch(ctx, "wrong verifier half", unknown)
	case !x.mine(st):
		return code, nil, x.mismatch(ctx, "code of another client", unknown)
	case x.f.Get("redirect_uri") != st.Spec.RedirectURI:
		return code, nil, x.mismatch(ctx, "wrong redirect_uri", "redirect_uri must be exactly the one of the authorization request")
	case !challengeMet(st.Spec.CodeChallenge, x.f.Get("code_verifier"), x.c.Public()):
		return code, nil, x.mismatch(ctx, "wrong code_verifier", "code_verifier does not match the code_challenge of the authorization request (S256); send it exactly when there was one")
	}
	return code, st, nil
}

// codeReplayed kills what was issued from a code that is presented again.
func (x *exchange) codeReplayed(ctx context.Context, st *State) error {
	return x.replayed(ctx, st, audit.CodeReplayed,
		"code was used already, and what was issued from it is revoked; redeem a code once, and start again at the authorization endpoint")
}
