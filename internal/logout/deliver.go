package logout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/token"
)

// maxAnswer is how much of an application's answer is read, in bytes (LO8).
const maxAnswer = 4 << 10

// What the deliverer asks of others.
type (
	// Tenants finds tenants as they are now.
	Tenants interface {
		Refresh(ctx context.Context, now time.Time) (int64, error)
		Find(id string) (*tenant.Live, bool)
	}
	// Caller calls out, guarded.
	Caller interface {
		Do(ctx context.Context, r egress.Request) (egress.Response, error)
	}
)

// Deliverer tells applications of logouts (Back-Channel Logout §2). All fields
// are needed.
type Deliverer struct {
	Tenants Tenants
	Clients Clients
	Rings   Rings
	Caller  Caller
	Store   Store
	Now     func() time.Time
	Log     *slog.Logger
	// Stretch varies a wait by chance, ±20 %.
	Stretch func(time.Duration) time.Duration
}

// Deliver is the outbox's handler of Backchannel: one attempt, with a token of
// its own.
func (d *Deliverer) Deliver(ctx context.Context, j outbox.Job) outbox.Outcome {
	now := d.Now()
	a := attempt{job: j, now: now}
	err := json.Unmarshal([]byte(j.Payload), &a.notice)
	if err == nil {
		a.res, a.err, err = d.send(ctx, j, &a.notice, now)
	}
	switch {
	case errors.Is(err, errNoTenant), errors.Is(err, errWithdrawn): // the first perhaps for a while
		a.err = err
	case err != nil: // of ours, not of the application
		d.Log.ErrorContext(ctx, "logout token not sent", "tenant", j.Tenant, "client_id", j.Lane.Name(), "err", err)
		a.err = errOurs
	}
	return judgeAnswer(a, d.Stretch)
}

var (
	errNoTenant  = errors.New("not sent: the tenant is disabled or gone")
	errWithdrawn = errors.New("not sent: the client has no backchannel_logout_uri any more")
	errOurs      = errors.New("not sent: this server could not make the token")
)

// send makes the token and posts it. callErr is why nobody answered, err why
// nothing could be sent.
func (d *Deliverer) send(ctx context.Context, j outbox.Job, n *notice, now time.Time) (res egress.Response, callErr, err error) {
	t, err := d.tenant(ctx, j.Tenant, now)
	if err != nil {
		return res, nil, err
	}
	uri, alg := n.URI, n.Alg
	c, err := d.Clients.Find(ctx, t.ID, j.Lane.Name())
	switch {
	case err == nil && c.CreatedAt >= j.CreatedAt: // another one of the same id, whom this is none of (MT3)
	case err == nil && c.BackchannelLogoutURI == "": // who answers there today may be anybody
		return res, nil, errWithdrawn
	case err == nil: // as it is now: an operator may have mended it
		uri, alg = c.BackchannelLogoutURI, c.IDTokenSignedResponseAlg
	case !errors.Is(err, client.ErrNotFound):
		return res, nil, fmt.Errorf("find client: %w", err)
	}
	logoutToken, err := d.mint(ctx, t, token.LogoutToken{Aud: j.Lane.Name(), Sub: j.Sub, SID: j.SID}, alg, now)
	if err != nil {
		return res, nil, err
	}
	res, callErr = d.post(ctx, uri, logoutToken)
	return res, callErr, nil
}

func (d *Deliverer) tenant(ctx context.Context, id string, now time.Time) (*tenant.Live, error) {
	if _, err := d.Tenants.Refresh(ctx, now); err != nil {
		return nil, fmt.Errorf("load tenants: %w", err)
	}
	t, ok := d.Tenants.Find(id)
	if !ok {
		return nil, errNoTenant
	}
	return t, nil
}

// mint signs with the algorithm of the client's ID tokens, as it expects
// (Back-Channel Logout §2.4).
func (d *Deliverer) mint(ctx context.Context, t *tenant.Live, lt token.LogoutToken, algName string, now time.Time) (string, error) {
	ring, err := d.Rings.Ring(ctx, t.ID)
	if err != nil {
		return "", fmt.Errorf("load keys: %w", err)
	}
	alg, ok := keys.ParseAlg(algName)
	if !ok {
		alg = keys.RS256
	}
	key, ok := ring.Signing(alg)
	if !ok {
		return "", fmt.Errorf("no key for %s", alg)
	}
	lt.Iss, lt.JTI = t.Issuer, secret.Random(16)
	lt.Iat, lt.Exp = now.Unix(), now.Add(token.LogoutTokenLife).Unix()
	return lt.Mint(key)
}

func (d *Deliverer) post(ctx context.Context, uri, logoutToken string) (egress.Response, error) {
	return d.Caller.Do(ctx, egress.Request{
		Method: "POST", URL: uri, MaxBody: maxAnswer,
		Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   []byte("logout_token=" + logoutToken), // a JWT's characters need no escape
	})
}

// ErrNoURI: the client has no backchannel_logout_uri.
var ErrNoURI = errors.New("the client has no backchannel_logout_uri")

// Trial is what an application answered to a test.
type Trial struct {
	URI       string
	Delivered bool
	Answer    string
	Took      time.Duration
}

// Test sends a client a logout token of a session that nobody has: does this
// application listen? It tries once. ErrNoURI, client.ErrNotFound.
func (d *Deliverer) Test(ctx context.Context, t *tenant.Live, clientID string) (Trial, error) {
	c, err := d.Clients.Find(ctx, t.ID, clientID)
	if err != nil {
		return Trial{}, err
	}
	if c.BackchannelLogoutURI == "" {
		return Trial{}, ErrNoURI
	}
	now := d.Now()
	sid := secret.Random(16)
	logoutToken, err := d.mint(ctx, t, token.LogoutToken{Aud: clientID, SID: sid}, c.IDTokenSignedResponseAlg, now)
	if err != nil {
		return Trial{}, err
	}
	res, callErr := d.post(ctx, c.BackchannelLogoutURI, logoutToken)
	o := judgeAnswer(attempt{res: res, err: callErr, now: now, job: outbox.Job{Since: now.UnixMicro()}}, d.Stretch)
	r := Trial{URI: c.BackchannelLogoutURI, Delivered: o.State == outbox.Delivered, Answer: o.Answer, Took: d.Now().Sub(now)}
	return r, d.Store.Record(ctx, t.ID, now, audit.Event{Kind: audit.LogoutTested, ClientID: clientID, SID: sid,
		Data: map[string]string{"answer": r.Answer}})
}
