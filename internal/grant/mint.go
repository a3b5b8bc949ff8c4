package grant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/token"
)

// issued is an answer, and the row that must be stored before it is given.
type issued struct {
	oidc.TokenResponse
	access *Access // nil: a JWT, of which nothing is stored
}

// aimLater is the target of a token request on a grant; scope is what of the
// grant's this token may carry.
func (x *exchange) aimLater(st *State, scope []string) (target, error) {
	named, refusal := choose(x.t, st.Spec.Resource, x.f.All("resource"))
	if refusal != nil {
		return target{}, refusal
	}
	return x.aim(named, scope)
}

// aim is aim with a nil error when there is none.
func (x *exchange) aim(named, scope []string) (target, error) {
	to, refusal := aim(x.t, x.c, x.resources, named, scope)
	if refusal != nil {
		return target{}, refusal
	}
	return to, nil
}

// mint makes the access token and, with openid, the ID token. st nil is
// client_credentials: the client itself is the subject (RFC 9068 §2.2).
func (x *exchange) mint(ctx context.Context, st *State, to target, nonce string) (*issued, error) {
	exp := x.now.Add(x.lives.access)
	if st != nil && exp.UnixMicro() > st.ExpiresAt {
		exp = time.UnixMicro(st.ExpiresAt) // nothing outlives its grant (TK6)
	}
	answer := &issued{TokenResponse: oidc.TokenResponse{
		TokenType: "Bearer", ExpiresIn: exp.Unix() - x.now.Unix(), Scope: strings.Join(to.scope, " "),
	}}
	withID := st != nil && has(to.scope, ScopeOpenID)
	if to.opaque {
		x.opaqueAccess(answer, st, to, exp)
		if !withID {
			return answer, nil
		}
	}
	ring, err := x.keys.Ring(ctx, x.t.ID)
	if err != nil {
		return nil, err
	}
	if !to.opaque {
		if answer.AccessToken, err = x.jwtAccess(ctx, ring, st, to, exp); err != nil {
			return nil, err
		}
	}
	if withID {
		if answer.IDToken, err = x.idToken(ctx, ring, st, to.scope, nonce, answer.AccessToken); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// opaqueAccess makes an opaque access token and its row.
func (x *exchange) opaqueAccess(answer *issued, st *State, to target, exp time.Time) {
	at := secret.New(secret.AccessToken, x.now)
	answer.AccessToken = at.Reveal()
	answer.access = &Access{
		ID: at.Selector, Hash: at.Hash(), ClientID: x.c.ClientID, Scope: to.scope, Audience: to.audience,
		CreatedAt: x.now.UnixMicro(), ExpiresAt: exp.UnixMicro(),
	}
	if st != nil {
		answer.access.GrantID = st.ID
	}
}

// jwtAccess makes a JWT access token (RFC 9068 §2.2), ES256 because its
// verifiers are APIs, which can (spec/performance.md, lesson 1).
func (x *exchange) jwtAccess(ctx context.Context, ring *keys.Ring, st *State, to target, exp time.Time) (string, error) {
	t := token.AccessToken{
		Iss: x.t.Issuer, Sub: x.c.ClientID, Aud: to.audience, ClientID: x.c.ClientID, Scope: strings.Join(to.scope, " "),
		JTI: newJTI(), Exp: exp.Unix(), Iat: x.now.Unix(),
	}
	if st != nil {
		t.Sub, t.SID, t.GID = st.Sub, st.sid(), secret.FormatSelector(st.ID)
		t.AuthTime, t.ACR, t.AMR = st.Spec.AuthTime/1e6, ACR(x.t.Dialect, st.Spec.Level), st.Spec.AMR
	}
	key, err := x.signing(ctx, ring, keys.ES256)
	if err != nil {
		return "", err
	}
	return t.Mint(key)
}

// idToken makes the ID token (OIDC Core §2, §3.1.3.6).
func (x *exchange) idToken(ctx context.Context, ring *keys.Ring, st *State, scope []string, nonce, accessToken string) (string, error) {
	alg := keys.RS256
	if a, ok := keys.ParseAlg(x.c.IDTokenSignedResponseAlg); ok {
		alg = a
	}
	key, err := x.signing(ctx, ring, alg)
	if err != nil {
		return "", err
	}
	t := token.IDToken{
		Iss: x.t.Issuer, Sub: st.Sub, Aud: x.c.ClientID, AZP: x.c.ClientID,
		Exp: x.now.Add(x.lives.id).Unix(), Iat: x.now.Unix(), AuthTime: st.Spec.AuthTime / 1e6,
		Nonce: nonce, ACR: ACR(x.t.Dialect, st.Spec.Level), AMR: st.Spec.AMR, SID: st.sid(), JTI: newJTI(),
		AtHash: token.AtHash(alg, accessToken), Extra: idTokenClaims(st.Account, x.c, scope, st.Spec.Claims),
	}
	return t.Mint(key)
}

// signing returns the key that signs alg. A tenant's first client of another
// algorithm than the usual two makes its key.
func (x *exchange) signing(ctx context.Context, ring *keys.Ring, alg keys.Alg) (*keys.SigningKey, error) {
	if key, ok := ring.Signing(alg); ok {
		return key, nil
	}
	if err := x.keys.Ensure(context.WithoutCancel(ctx), x.t.ID, alg); err != nil {
		return nil, fmt.Errorf("make %s key: %w", alg, err)
	}
	ring, err := x.keys.Ring(ctx, x.t.ID)
	if err != nil {
		return nil, err
	}
	key, ok := ring.Signing(alg)
	if !ok {
		return nil, fmt.Errorf("the tenant has no key that signs %s", alg)
	}
	return key, nil
}

func newJTI() string { return secret.Random(16) }

// sid is the session of new tokens: none once it has ended (spec/tokens.md §2).
func (s *State) sid() string {
	if !s.SessionAlive {
		return ""
	}
	return s.Spec.SID
}

func has(list []string, s string) bool { return slices.Contains(list, s) }

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}
