package adminapi

import (
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/client"
)

// Client is a client's metadata, members named as in a tenant file, and what is
// known of it beside. Of its secrets there is only how many are good.
type Client struct {
	client.Spec
	CreatedAt string `json:"created_at" format:"date-time"`
	Origin    string `json:"origin" enum:"apply,operator,self" doc:"Who made it: a tenant file, an operator, or it registered itself."`
	Version   int64  `json:"version"`
	Secrets   int    `json:"secrets" doc:"How many secrets are good now."`
}

// ClientOf shows a client.
func ClientOf(c *client.Client, now time.Time) Client {
	live := 0
	for _, s := range c.Secrets {
		if s.ExpiresAt == 0 || now.UnixMicro() < s.ExpiresAt {
			live++
		}
	}
	return Client{c.Spec, when(c.CreatedAt), string(c.Origin), c.Version, live}
}

func (a *API) listClients(c *call) (any, error) {
	after, err := a.after(c)
	if err != nil {
		return nil, err
	}
	found, err := a.Clients.List(c.Context(), c.t.ID, after, c.query.limit()+1)
	if err != nil {
		return nil, err
	}
	view := func(x *client.Client) Client { return ClientOf(x, c.now) }
	return pageOf(a, c, found, view, func(x *client.Client) string { return x.ClientID }), nil
}

func (a *API) getClient(c *call) (any, error) {
	id := c.PathValue("client")
	if !legible(id) || len(id) > maxText {
		return nil, notFound("client")
	}
	found, err := a.Clients.Find(c.Context(), c.t.ID, id)
	if errors.Is(err, client.ErrNotFound) {
		err = notFound("client")
	}
	if err != nil {
		return nil, err
	}
	return ClientOf(found, c.now), nil
}
