package logout

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/outbox"
)

// What an application's answer means (spec/logout.md §3, Back-Channel Logout §2.8).
func TestLO8_AnswersOfApplications(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		status     int
		err        error
		retryAfter string
		attempts   int // this one included; default 1
		rejections int
		replayed   bool          // rejections were counted before
		age        time.Duration // since the session ended
		cite       string

		state   outbox.State
		wait    time.Duration // of a pending one
		failing bool
		answer  string
	}{
		"200 is delivered":                          {status: 200, state: outbox.Delivered, answer: "HTTP 200", cite: "Back-Channel Logout §2.8"},
		"204 is delivered":                          {status: 204, state: outbox.Delivered, answer: "HTTP 204", cite: "Back-Channel Logout §2.8"},
		"202 is delivered":                          {status: 202, state: outbox.Delivered, answer: "HTTP 202", cite: "spec/logout.md §3"},
		"400 is refused and never retried":          {status: 400, state: outbox.Refused, answer: "HTTP 400", cite: "Back-Channel Logout §2.8"},
		"301 is refused, not followed":              {status: 301, state: outbox.Refused, answer: "HTTP 301", cite: "SS2"},
		"304 is refused":                            {status: 304, state: outbox.Refused, answer: "HTTP 304", cite: "spec/logout.md §3"},
		"404 is tried again after a minute":         {status: 404, state: outbox.Pending, wait: time.Minute, answer: "HTTP 404", cite: "spec/logout.md §3"},
		"404 again: after a quarter of an hour":     {status: 404, rejections: 1, attempts: 2, state: outbox.Pending, wait: 15 * time.Minute, answer: "HTTP 404", cite: "spec/logout.md §3"},
		"404 a third time is refused":               {status: 404, rejections: 2, attempts: 3, state: outbox.Refused, answer: "HTTP 404", cite: "spec/logout.md §3"},
		"404 after a replay: a minute again":        {status: 404, rejections: 2, replayed: true, state: outbox.Pending, wait: time.Minute, answer: "HTTP 404", cite: "spec/logout.md §3"},
		"401 after many failures: a minute":         {status: 401, attempts: 9, state: outbox.Pending, wait: time.Minute, answer: "HTTP 401", cite: "spec/logout.md §3"},
		"500 is tried again after 5 s":              {status: 500, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "HTTP 500", cite: "spec/logout.md §3"},
		"501 too":                                   {status: 501, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "HTTP 501", cite: "spec/logout.md §3"},
		"the wait doubles":                          {status: 500, attempts: 4, state: outbox.Pending, wait: 40 * time.Second, failing: true, answer: "HTTP 500", cite: "spec/logout.md §3"},
		"up to a quarter of an hour":                {status: 500, attempts: 60, state: outbox.Pending, wait: 15 * time.Minute, failing: true, answer: "HTTP 500", cite: "spec/logout.md §3"},
		"408 is a failure that passes":              {status: 408, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "HTTP 408", cite: "spec/logout.md §3"},
		"425 too":                                   {status: 425, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "HTTP 425", cite: "spec/logout.md §3"},
		"429 with Retry-After waits as asked":       {status: 429, retryAfter: "90", state: outbox.Pending, wait: 90 * time.Second, failing: true, answer: "HTTP 429", cite: "RFC 9110 §10.2.3"},
		"a date is a Retry-After too":               {status: 503, retryAfter: "Sun, 01 Mar 2026 12:02:00 GMT", state: outbox.Pending, wait: 2 * time.Minute, failing: true, answer: "HTTP 503", cite: "RFC 9110 §10.2.3"},
		"a Retry-After shorter than the backoff":    {status: 503, attempts: 4, retryAfter: "1", state: outbox.Pending, wait: 40 * time.Second, failing: true, answer: "HTTP 503", cite: "spec/logout.md §3"},
		"a Retry-After of years is an hour":         {status: 503, retryAfter: "2000000000", state: outbox.Pending, wait: time.Hour, failing: true, answer: "HTTP 503", cite: "spec/logout.md §3"},
		"a Retry-After that is none":                {status: 503, retryAfter: "soon", state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "HTTP 503", cite: "RFC 9110 §10.2.3"},
		"a Retry-After in the past":                 {status: 503, retryAfter: "Sun, 01 Mar 2020 12:02:00 GMT", state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "HTTP 503", cite: "RFC 9110 §10.2.3"},
		"nobody answered":                           {err: egress.ErrTimeout, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "no answer in time", cite: "spec/logout.md §3"},
		"no connection":                             {err: egress.ErrConnect, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "no connection", cite: "spec/logout.md §3"},
		"a bad certificate":                         {err: egress.ErrTLS, state: outbox.Pending, wait: 5 * time.Second, failing: true, answer: "certificate or TLS handshake refused", cite: "spec/logout.md §3"},
		"an address that was withdrawn":             {err: errWithdrawn, state: outbox.Refused, answer: "not sent: the client has no backchannel_logout_uri any more", cite: "docs/decisions/0015"},
		"an address that is not allowed":            {err: egress.ErrBlocked, state: outbox.Refused, answer: "address not allowed here (egress.allow_private_networks)", cite: "SS1"},
		"just within 24 h":                          {status: 500, attempts: 99, age: 23*time.Hour + 44*time.Minute, state: outbox.Pending, wait: 15 * time.Minute, failing: true, answer: "HTTP 500", cite: "spec/logout.md §3"},
		"after 24 h it is dead":                     {status: 500, attempts: 99, age: 23*time.Hour + 46*time.Minute, state: outbox.Dead, failing: true, answer: "HTTP 500", cite: "spec/logout.md §3"},
		"delivered at the last moment all the same": {status: 200, attempts: 99, age: 25 * time.Hour, state: outbox.Delivered, answer: "HTTP 200", cite: "spec/logout.md §3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := attempt{notice: notice{URI: "https://app.example/bye", Reason: "end_session", Rejections: c.rejections}, err: c.err, now: now,
				res: egress.Response{Status: c.status, Header: map[string][]string{"Retry-After": {c.retryAfter}}},
				job: outbox.Job{Attempts: max(c.attempts, 1), Since: now.Add(-c.age).UnixMicro()}}
			o := judgeAnswer(a, func(d time.Duration) time.Duration { return d })
			if o.State != c.state || o.Answer != c.answer || o.Failing != c.failing {
				t.Errorf("%s: %s %q failing %v, want %s %q %v", c.cite, o.State, o.Answer, o.Failing, c.state, c.answer, c.failing)
			}
			if over := now.Add(-24 * time.Hour).UnixMicro(); c.failing && o.Over != over || !c.failing && o.Over != 0 {
				t.Errorf("%s: what began at %d has no time left", c.cite, o.Over)
			}
			if want := now.Add(c.wait).UnixMicro(); c.state == outbox.Pending && o.Next != want {
				t.Errorf("%s: next try after %v, want %v", c.cite, time.UnixMicro(o.Next).Sub(now), c.wait)
			}
			unknown := c.status == 404 || c.status == 401
			if unknown && c.state == outbox.Pending {
				var n notice
				want := c.rejections + 1
				if c.replayed {
					want = 1
				}
				if o.Payload == nil || json.Unmarshal([]byte(*o.Payload), &n) != nil || n.Rejections != want || n.URI != a.notice.URI {
					t.Errorf("%s: payload %v", c.cite, o.Payload)
				}
			} else if o.Payload != nil {
				t.Errorf("%s: payload changed to %s", c.cite, *o.Payload)
			}
		})
	}
}

// An application that answers 500 for ten minutes is asked at most a dozen
// times until it answers (L2).
func TestL2_AttemptsInTenMinutes(t *testing.T) {
	t.Parallel()
	n := 1
	for at := time.Duration(0); at < 10*time.Minute; n++ {
		at += time.Duration(float64(backoff(n)) * 0.8) // the shortest that chance allows
	}
	if n > 12 {
		t.Errorf("%d attempts", n)
	}
}
