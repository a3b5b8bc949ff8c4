package adminapi

import (
	"net/http"
	"net/url"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
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

// after is what a page comes after, "" for the first page.
func (a *API) after(c *call) (string, error) {
	sealed := c.query["cursor"]
	if sealed == "" {
		return "", nil
	}
	b, err := a.Sealer.OpenString(c.t.ID, c.question(), sealed)
	if err != nil {
		return "", &web.Refused{Status: http.StatusBadRequest, Code: string(oidc.InvalidRequest), Detail: "cursor is not one that this list gave out",
			Err: findings{{Parameter: "cursor", Detail: "is not one that this list gave out; begin without it"}}}
	}
	return string(b), nil
}

// before is after for lists in order of ids, newest first: 0 for the first page.
func (a *API) before(c *call) (int64, error) {
	last, err := a.after(c)
	if err != nil || last == "" {
		return 0, err
	}
	id, _ := secret.ParseSelector(last) // sealed by selector
	return id, nil
}

// selector is the place of an id in its list.
func selector(id int64) string { return secret.FormatSelector(id) }

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; left out at the end."`
}

// pageOf turns what was found, one more than the page may have, into a page;
// place is what the next one comes after.
func pageOf[S, T any](a *API, c *call, found []S, view func(S) T, place func(S) string) Page[T] {
	p := Page[T]{Items: []T{}}
	n := min(len(found), c.query.limit())
	for _, s := range found[:n] {
		p.Items = append(p.Items, view(s))
	}
	if n < len(found) {
		p.Next = a.Sealer.SealString(c.t.ID, c.question(), []byte(place(found[n-1])))
	}
	return p
}
