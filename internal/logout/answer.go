package logout

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/outbox"
)

// When a delivery is tried again (spec/logout.md §3).
const (
	firstRetry    = 5 * time.Second // doubling to
	lastRetry     = 15 * time.Minute
	triedFor      = 24 * time.Hour
	maxRetryAfter = time.Hour // a receiver that asks for more is asked again all the same
)

// unknownRetries are the waits after answers that say that the application does
// not know the path or us: it is being deployed, perhaps.
var unknownRetries = []time.Duration{time.Minute, 15 * time.Minute}

// attempt is what judgeAnswer looks at.
type attempt struct {
	job    outbox.Job
	notice notice
	res    egress.Response
	err    error // of the call: nobody answered
	now    time.Time
}

// judgeAnswer says what an answer means (Back-Channel Logout §2.8,
// spec/logout.md §3). stretch varies a wait by chance.
func judgeAnswer(a attempt, stretch func(time.Duration) time.Duration) outbox.Outcome {
	status := a.res.Status
	o := outbox.Outcome{State: outbox.Pending, Answer: "HTTP " + strconv.Itoa(status)}
	if a.job.Attempts <= 1 {
		a.notice.Rejections = 0 // those before a replay do not count
	}
	wait := stretch(backoff(a.job.Attempts))
	switch {
	case errors.Is(a.err, egress.ErrBlocked):
		o.State, o.Answer = outbox.Refused, "address not allowed here (egress.allow_private_networks)"
		return o
	case errors.Is(a.err, errWithdrawn):
		o.State, o.Answer = outbox.Refused, a.err.Error()
		return o
	case a.err != nil:
		o.Answer, o.Failing = strings.TrimPrefix(a.err.Error(), "egress: "), true
	case status >= 200 && status < 300:
		o.State = outbox.Delivered
		return o
	case status == 408 || status == 425 || status == 429 || status >= 500:
		o.Failing = true
		wait = max(wait, retryAfter(a.res.Header.Get("Retry-After"), a.now))
	case status == 400 || status < 400:
		o.State = outbox.Refused // it has understood, or sends us elsewhere (SS2)
		return o
	case a.notice.Rejections >= len(unknownRetries):
		o.State = outbox.Refused
		return o
	default:
		wait = stretch(unknownRetries[a.notice.Rejections])
		a.notice.Rejections++
		payload := a.notice.encode()
		o.Payload = &payload
	}
	if o.Failing {
		o.Over = a.now.Add(-triedFor).UnixMicro()
	}
	next := a.now.Add(wait)
	if next.Sub(time.UnixMicro(a.job.Since)) > triedFor {
		o.State = outbox.Dead
		return o
	}
	o.Next = next.UnixMicro()
	return o
}

// backoff is the wait after the nth attempt, from 1.
func backoff(n int) time.Duration {
	return min(firstRetry<<min(max(n-1, 0), 20), lastRetry)
}

// retryAfter reads Retry-After (RFC 9110 §10.2.3): seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	if t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", value); err == nil {
		return min(max(t.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
