package adminapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/throttle"
)

// Delivery is one client that was told of one session's end.
type Delivery struct {
	ID        string `json:"id"`
	ClientID  string `json:"client_id"`
	SID       string `json:"sid"`
	Sub       string `json:"sub"`
	Reason    string `json:"reason" doc:"Why the session ended."`
	URI       string `json:"uri" doc:"The client's backchannel_logout_uri as it was then."`
	State     string `json:"state" enum:"pending,delivered,refused,dead"`
	Attempts  int    `json:"attempts" doc:"Since it was made or replayed."`
	Answer    string `json:"answer,omitempty" doc:"What came of the last attempt, in a few words."`
	CreatedAt string `json:"created_at" format:"date-time"`
	NextAt    string `json:"next_at,omitempty" format:"date-time" doc:"Of a pending one: when it is tried next; left out while it is being tried."`
	SettledAt string `json:"settled_at,omitempty" format:"date-time"`
}

// DeliveryOf shows a delivery.
func DeliveryOf(d logout.Delivery) Delivery {
	return Delivery{ID: secret.FormatSelector(d.ID), ClientID: d.ClientID, SID: d.SID, Sub: d.Sub, Reason: string(d.Reason), URI: d.URI,
		State: string(d.State), Attempts: d.Attempts, Answer: d.Answer, CreatedAt: when(d.CreatedAt), NextAt: when(d.NextAt), SettledAt: when(d.SettledAt)}
}

func (a *API) listDeliveries(c *call) (any, error) {
	q := logout.Query{ClientID: c.query["client"], State: outbox.State(c.query["state"])}
	if sid := c.query["session"]; sid != "" {
		s, err := a.record(c.Context(), c.t, sid)
		if err != nil {
			return nil, err
		}
		q.Session = s.ID
	}
	before, err := a.before(c)
	if err != nil {
		return nil, err
	}
	found, err := a.Logout.Deliveries(c.Context(), c.t.ID, q, before, c.query.limit()+1)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, found, DeliveryOf, func(d logout.Delivery) string { return selector(d.ID) }), nil
}

func (a *API) getDelivery(c *call) (any, error) {
	id, ok := secret.ParseSelector(c.PathValue("id"))
	if !ok {
		return nil, notFound("delivery")
	}
	d, err := a.Logout.Delivery(c.Context(), c.t.ID, id)
	if errors.Is(err, logout.ErrNoDelivery) {
		err = notFound("delivery")
	}
	if err != nil {
		return nil, err
	}
	return DeliveryOf(d), nil
}

func (a *API) replayDelivery(c *call) (any, error) {
	id, ok := secret.ParseSelector(c.PathValue("id"))
	if !ok {
		return nil, notFound("delivery")
	}
	switch err := a.Logout.Replay(c.Context(), c.t.ID, id, c.now); {
	case errors.Is(err, logout.ErrNoDelivery):
		return nil, notFound("delivery")
	case errors.Is(err, logout.ErrUnderWay):
		return nil, refuse(http.StatusConflict, "delivery_pending", "the delivery is pending already; it is tried by itself")
	case err != nil:
		return nil, err
	}
	return a.getDelivery(c)
}

// Trial is what a client answered to a test.
type Trial struct {
	URI          string `json:"uri" doc:"Where the token was sent."`
	Delivered    bool   `json:"delivered"`
	Answer       string `json:"answer" doc:"What came back, in a few words."`
	Milliseconds int64  `json:"milliseconds"`
}

// trials bounds what one client is sent: the API must not be a way to flood it.
var trials = throttle.Budget{Name: "logout_test", Limit: 10, Window: time.Minute}

func (a *API) testClient(c *call) (any, error) {
	id := c.PathValue("client")
	if !legible(id) || len(id) > maxText {
		return nil, notFound("client")
	}
	if _, err := a.Limiter.Take(c.Context(), c.t.ID, c.now, trials.Of(id)); err != nil {
		return nil, err
	}
	trial, err := a.Tester.Test(c.Context(), c.t, id)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return nil, notFound("client")
	case errors.Is(err, logout.ErrNoURI):
		return nil, refuse(http.StatusConflict, "no_backchannel_logout_uri", "the client has no backchannel_logout_uri")
	case err != nil:
		return nil, err
	}
	return Trial{trial.URI, trial.Delivered, trial.Answer, trial.Took.Milliseconds()}, nil
}
