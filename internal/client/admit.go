package client

import (
	"context"
	"errors"
	"time"
)

// Admit judges the credentials of a caller that is no client, such as an API
// that introspects, under the same budget as clients: matches tells whether its
// secret is right. A refusal is an *oidc.Error (invalid_client); an error of the
// Budget passes through.
func (a *Authenticator) Admit(ctx context.Context, t TenantView, cr Credentials, matches func(secret string) bool, now time.Time) error {
	key := cr.counter()
	if a.failures.recent(t.ID, key, now) {
		if err := a.budget.Allow(ctx, t.ID, key, now); err != nil {
			return err
		}
	}
	if (cr.Method == MethodBasic || cr.Method == MethodPost) && matches(cr.Secret) {
		a.failures.forget(t.ID, key)
		return nil
	}
	a.failures.note(t.ID, key, now)
	return refuse(errors.New("wrong secret of a resource"))
}
