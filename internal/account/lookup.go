package account

import (
	"context"
	"errors"
)

// Lookup returns the account that an administrator names by sub, e-mail address
// or mobile number, or ErrNotFound.
func (s *Service) Lookup(ctx context.Context, tenant, name string) (*Account, error) {
	a, err := s.Store.FindAccount(ctx, tenant, name)
	if !errors.Is(err, ErrNotFound) {
		return a, err
	}
	id, bad := ParseIdentifier(name, []Kind{Email, Mobile})
	if bad != nil {
		return nil, ErrNotFound
	}
	return s.Store.FindByIdentifier(ctx, tenant, id)
}
