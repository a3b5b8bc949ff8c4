package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

// refreshToken answers a refresh (RFC 6749 §6, spec/tokens.md §3). Each turn of
// the loop reads the token's state, judges it and attempts the one transition
// that it calls for; who loses a race reads what the winner left.
func (x *exchange) refreshToken(ctx context.Context) (*oidc.TokenResponse, error) {
	if !x.f.Has("refresh_token") {
		return nil, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §6", "refresh_token is missing")
	}
	var err error
	for range tries {
		var answer *issued
		answer, err = x.refresh(ctx)
		switch {
		case err == nil:
			return &answer.TokenResponse, nil
		case errors.Is(err, ErrDead):
			return nil, dead("refresh_token")
		case !errors.Is(err, ErrReplayed) && !errors.Is(err, ErrCollision):
			return nil, err
		}
	}
	return nil, err
}

func (x *exchange) refresh(ctx context.Context) (*issued, error) {
	presented, r, st, err := x.findRefresh(ctx)
	if err != nil {
		return nil, err
	}
	used := r.UsedAt != 0
	switch {
	case used && x.now.UnixMicro() >= r.GraceUntil:
		return nil, x.replayed(ctx, st, audit.RefreshReplayed,
			"refresh_token was used before and has been replaced, and its family is revoked; keep the newest refresh_token, and start again at the authorization endpoint")
	case !st.Alive(x.now) || !used && r.ExpiresAt <= x.now.UnixMicro():
		return nil, dead("refresh_token")
	case used && r.Successor == "": // erased before its window began anew: no evidence of theft
		return nil, dead("refresh_token")
	}
	scope, refusal := narrow(st.Spec.Scope, x.f.Get("scope"))
	if refusal != nil {
		return nil, refusal
	}
	to, err := x.aimLater(st, scope)
	if err != nil {
		return nil, err
	}
	answer, err := x.mint(ctx, st, to, "") // OIDC Core §12.2: no nonce
	if err != nil {
		return nil, err
	}
	switch {
	case used:
		answer.RefreshToken, err = x.again(ctx, presented, r, answer.access)
	case x.c.Rotates():
		answer.RefreshToken, err = x.rotate(ctx, presented, r, st, answer.access)
	default:
		answer.RefreshToken, err = x.keep(ctx, presented, r, st, answer.access)
	}
	return answer, err
}

// findRefresh returns the token that the request proves to hold: the whole
// token, from the client it was made for (TK3).
func (x *exchange) findRefresh(ctx context.Context) (secret.Opaque, *Refresh, *State, error) {
	const unknown = "refresh_token is not one that was issued to this client"
	presented, ok := secret.Parse(secret.RefreshToken, x.f.Get("refresh_token"))
	if !ok {
		return presented, nil, nil, x.mismatch(ctx, "malformed refresh token", unknown)
	}
	r, st, err := x.store.FindRefresh(ctx, x.t.ID, presented.Selector, x.now)
	switch {
	case errors.Is(err, ErrNotFound):
		return presented, nil, nil, x.mismatch(ctx, "unknown refresh token", unknown)
	case err != nil:
		return presented, nil, nil, fmt.Errorf("find refresh token: %w", err)
	case !secret.Equal(r.Hash, presented.Hash()):
		return presented, nil, nil, x.mismatch(ctx, "wrong verifier half", unknown)
	case !x.mine(st):
		return presented, nil, nil, x.mismatch(ctx, "refresh token of another client", unknown)
	}
	return presented, r, st, nil
}

// rotate replaces the token. The successor is sealed under a key that only the
// presented token yields, so that a retry can be given the same one.
func (x *exchange) rotate(ctx context.Context, presented secret.Opaque, r *Refresh, st *State, access *Access) (string, error) {
	next := secret.New(secret.RefreshToken, x.now)
	c := Rotation{
		Old: r.ID, Hash: r.Hash, New: x.refreshRow(next, st), Access: access,
		GraceUntil: x.now.Add(x.lives.grace).UnixMicro(),
	}
	if x.lives.grace > 0 {
		c.Sealed = x.sealer(presented).SealString(x.t.ID, successor, []byte(next.Reveal()))
	}
	if err := x.store.Rotate(ctx, x.t.ID, c, x.now); err != nil {
		return "", fmt.Errorf("rotate refresh token: %w", err)
	}
	return next.Reveal(), nil
}

// again gives a retry inside the window the successor that the first answer
// had, even when that one has been rotated since; the successor's own window
// then begins anew, once.
func (x *exchange) again(ctx context.Context, presented secret.Opaque, r *Refresh, access *Access) (string, error) {
	plain, err := x.sealer(presented).OpenString(x.t.ID, successor, r.Successor)
	if err != nil {
		return "", fmt.Errorf("open successor: %w", err)
	}
	next, ok := secret.Parse(secret.RefreshToken, string(plain))
	if !ok {
		return "", fmt.Errorf("open successor: %w", secret.ErrSealed)
	}
	graceUntil := x.now.Add(x.lives.grace).UnixMicro()
	if err := x.store.Reissue(ctx, x.t.ID, next.Selector, graceUntil, access, x.now); err != nil {
		return "", fmt.Errorf("reissue refresh token: %w", err)
	}
	return string(plain), nil
}

// keep moves the idle expiry of a token that does not rotate. A move by less
// than a hundredth of the idle time is not worth a commit: it is left out when
// nothing else is to be stored.
func (x *exchange) keep(ctx context.Context, presented secret.Opaque, r *Refresh, st *State, access *Access) (string, error) {
	extend := x.idleUntil(st)
	if access != nil || extend-r.ExpiresAt >= x.lives.idle.Microseconds()/100 {
		c := Rotation{Old: r.ID, Hash: r.Hash, Extend: max(extend, r.ExpiresAt), Access: access}
		if err := x.store.Rotate(ctx, x.t.ID, c, x.now); err != nil {
			return "", fmt.Errorf("extend refresh token: %w", err)
		}
	}
	return presented.Reveal(), nil
}

// refreshRow is what is stored of a new refresh token.
func (x *exchange) refreshRow(o secret.Opaque, st *State) *Refresh {
	return &Refresh{ID: o.Selector, GrantID: st.ID, Hash: o.Hash(), CreatedAt: x.now.UnixMicro(), ExpiresAt: x.idleUntil(st)}
}

// idleUntil is when a refresh token used now expires unused: never after its
// grant (TK6).
func (x *exchange) idleUntil(st *State) int64 {
	idle := x.lives.idle
	if idle <= 0 {
		idle = time.Duration(1<<63 - 1)
	}
	return min(x.now.Add(idle).UnixMicro(), st.ExpiresAt)
}

// successor is the purpose of the key and of the seal.
const successor = "successor"

func (x *exchange) sealer(presented secret.Opaque) *secret.Sealer {
	return secret.NewSealer(presented.Key(successor))
}
