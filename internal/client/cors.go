package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// OriginAllowed tells whether a browser page of that origin may read answers of
// the tenant's endpoints: the origin of a redirect address of an enabled
// client, or one of its cors_origins (spec/tokens.md §5). It is compared byte
// for byte with what browsers send; "null" is never one.
func (d *Directory) OriginAllowed(ctx context.Context, tenant, origin string) (bool, error) {
	if origin == "" || origin == "null" || len(origin) > maxURI {
		return false, nil
	}
	set, err := d.originsOf(ctx, tenant)
	if err != nil {
		return false, err
	}
	_, ok := set[origin]
	return ok, nil
}

// Origins returns all origins that OriginAllowed knows, in order; nil when they
// are more than most.
func (d *Directory) Origins(ctx context.Context, tenant string, most int) ([]string, error) {
	set, err := d.originsOf(ctx, tenant)
	if err != nil || len(set) > most {
		return nil, err
	}
	return slices.Sorted(maps.Keys(set)), nil
}

func (d *Directory) originsOf(ctx context.Context, tenant string) (map[string]struct{}, error) {
	s := d.snapshot()
	set, ok := s.origins.Load(tenant)
	if !ok {
		var err error
		set, err = d.shared(ctx, fmt.Sprintf("%d origins %s", s.version, tenant), func(ctx context.Context) (any, error) {
			set, err := d.readOrigins(ctx, tenant)
			if err == nil {
				s.origins.Store(tenant, set)
			}
			return set, err
		})
		if err != nil {
			return nil, fmt.Errorf("find origins: %w", err)
		}
	}
	return set.(map[string]struct{}), nil
}

func (d *Directory) readOrigins(ctx context.Context, tenant string) (map[string]struct{}, error) {
	set := map[string]struct{}{}
	for cursor := ""; ; {
		page, err := d.store.ListClients(ctx, tenant, cursor, pageSize)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			for _, o := range Origins(c) {
				set[o] = struct{}{}
			}
			cursor = c.ClientID
		}
		if len(page) < pageSize {
			return set, nil
		}
	}
}

// Origins returns the origins from which a client's pages may call, none when
// it is disabled. Private-use schemes have no origin.
func Origins(c *Client) []string {
	if !c.IsEnabled() {
		return nil
	}
	out := RedirectOrigins(c)
	for _, o := range c.CORSOrigins {
		if validOrigin(o) {
			out = append(out, o)
		}
	}
	return out
}

// RedirectOrigins returns the origins of the pages that receive a client's
// answers, none when it is disabled.
func RedirectOrigins(c *Client) []string {
	if !c.IsEnabled() {
		return nil
	}
	var out []string
	for _, u := range c.RedirectURIs {
		if o := OriginOf(u); o != "" && c.mayUse(u) {
			out = append(out, o)
		}
	}
	return out
}
