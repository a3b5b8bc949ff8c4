package adminapi

import (
	"encoding/binary"
	"net/http"
	"net/url"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// A cursor is sealed, and for one question of one tenant: nobody makes one, and
// none continues a list that it is not of (AD4, E17).

// question is what a cursor belongs to: the path and everything asked but how
// many.
func (c *call) question() string {
	v := url.Values{}
	for name, value := range c.query {
		if name != "cursor" && name != "limit" {
			v.Set(name, value)
		}
	}
	return "cursor " + c.URL.EscapedPath() + "?" + v.Encode()
}

// before is the id that a page ends before, 0 for the first page.
func (a *API) before(c *call) (int64, error) {
	sealed := c.query["cursor"]
	if sealed == "" {
		return 0, nil
	}
	b, err := a.Sealer.OpenString(c.t.ID, c.question(), sealed)
	if err != nil || len(b) != 8 {
		return 0, &web.Refused{Status: http.StatusBadRequest, Code: string(oidc.InvalidRequest), Detail: "cursor is not one that this list gave out",
			Err: findings{{Parameter: "cursor", Detail: "is not one that this list gave out; begin without it"}}}
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

func (a *API) cursor(c *call, id int64) string {
	return a.Sealer.SealString(c.t.ID, c.question(), binary.BigEndian.AppendUint64(nil, uint64(id)))
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; left out at the end."`
}

// pageOf turns what was found, one more than the page may have, into a page.
func pageOf[S, T any](a *API, c *call, found []S, view func(S) T, id func(S) int64) Page[T] {
	p := Page[T]{Items: []T{}}
	n := min(len(found), c.query.limit())
	for _, s := range found[:n] {
		p.Items = append(p.Items, view(s))
	}
	if n < len(found) {
		p.Next = a.cursor(c, id(found[n-1]))
	}
	return p
}
