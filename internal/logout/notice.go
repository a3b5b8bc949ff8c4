package logout

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/session"
)

// Backchannel is the kind of outbox jobs that tell an application of a logout
// (Back-Channel Logout §2.5). Its lane is the application.
const Backchannel outbox.Kind = "logout"

// notice is a job's payload: what is not in its columns.
type notice struct {
	URI    string         `json:"uri"` // where to and how to sign, should the client be gone
	Alg    string         `json:"alg,omitempty"`
	Reason session.Reason `json:"reason"`
	// Rejections counts answers that say that the application does not know the
	// path or us; it is asked twice more.
	Rejections int `json:"rejections,omitempty"`
}

func (n notice) encode() string {
	b, _ := json.Marshal(n) // strings and a number cannot fail
	return string(b)
}

// Hears tells whether a client is told of sessions that end for a reason:
// backchannel_logout_on, every reason when it is empty.
func Hears(c *client.Spec, reason session.Reason) bool {
	return c.BackchannelLogoutURI != "" &&
		(len(c.BackchannelLogoutOn) == 0 || slices.Contains(c.BackchannelLogoutOn, string(reason)))
}

// Notice is the job that tells a participant that a session has ended.
func Notice(tenant string, c *client.Spec, e Ended, reason session.Reason) outbox.Job {
	return outbox.Job{
		Tenant: tenant, Kind: Backchannel, Lane: outbox.LaneOf(Backchannel, tenant, c.ClientID),
		Session: e.ID, SID: e.SID, Sub: e.Sub,
		Payload: notice{URI: c.BackchannelLogoutURI, Alg: c.IDTokenSignedResponseAlg, Reason: reason}.encode(),
	}
}

// ErrNoDelivery: no delivery has that id. ErrUnderWay: it is pending already.
var (
	ErrNoDelivery = errors.New("logout delivery not found")
	ErrUnderWay   = errors.New("logout delivery is pending")
)

// Delivery is what an administrator sees of one notice: which application was
// told of which session's end, and what came of it. Times are Unix microseconds.
type Delivery struct {
	ID        int64
	ClientID  string
	SID, Sub  string
	Reason    session.Reason
	URI       string // as it was when the session ended
	State     outbox.State
	Attempts  int
	Answer    string // of the last attempt, "" before it
	CreatedAt int64
	NextAt    int64 // of a pending one; 0 while it is being tried
	SettledAt int64 // 0: pending
}

func deliveryOf(j outbox.Job) (Delivery, error) {
	var n notice
	if err := json.Unmarshal([]byte(j.Payload), &n); err != nil {
		return Delivery{}, fmt.Errorf("read delivery: %w", err)
	}
	d := Delivery{ID: j.ID, ClientID: j.Lane.Name(), SID: j.SID, Sub: j.Sub, Reason: n.Reason, URI: n.URI, State: j.State,
		Attempts: j.Attempts, Answer: j.Answer, CreatedAt: j.CreatedAt, SettledAt: j.SettledAt}
	if j.State == outbox.Pending && !j.Held {
		d.NextAt = j.DueAt
	}
	return d, nil
}

func deliveriesOf(jobs []outbox.Job, err error) ([]Delivery, error) {
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	list := make([]Delivery, len(jobs))
	for i, j := range jobs {
		if list[i], err = deliveryOf(j); err != nil {
			return nil, err
		}
	}
	return list, nil
}
