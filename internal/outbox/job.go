package outbox

import "strings"

// Kind is what a job does; it chooses the Handler.
type Kind string

// State is what has become of a job.
type State string

// The states. Pending jobs wait or are being tried; the others are settled.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Refused   State = "refused" // the receiver does not want it: not tried again
	Dead      State = "dead"    // given up after its time
)

// ParseState reads a state's name.
func ParseState(s string) (State, bool) {
	switch st := State(s); st {
	case Pending, Delivered, Refused, Dead:
		return st, true
	}
	return "", false
}

// Lane is a queue that is served at one pace: kind, tenant, and the name of who
// receives, which may be any text.
type Lane string

// LaneOf names a lane.
func LaneOf(kind Kind, tenant, name string) Lane {
	return Lane(string(kind) + "/" + tenant + "/" + name)
}

// Kind is the kind of the lane's jobs.
func (l Lane) Kind() Kind { k, _, _ := l.split(); return k }

// Tenant is whose jobs they are.
func (l Lane) Tenant() string { _, t, _ := l.split(); return t }

// Name is who receives them.
func (l Lane) Name() string { _, _, n := l.split(); return n }

func (l Lane) split() (kind Kind, tenant, name string) {
	k, rest, _ := strings.Cut(string(l), "/")
	tenant, name, _ = strings.Cut(rest, "/")
	return Kind(k), tenant, name
}

// Job is one thing to do. Times are Unix microseconds.
type Job struct {
	Tenant string
	ID     int64 // time-ordered
	Kind   Kind
	Lane   Lane
	// What it is about: 0 and "" when it is about no session or nobody.
	Session  int64
	SID, Sub string
	// Payload is the kind's own; secrets in it are sealed.
	Payload   string
	CreatedAt int64
	Since     int64 // when its time began: CreatedAt, or the last replay
	Attempts  int   // since then, the one under way included
	// What has become of it so far.
	State     State
	DueAt     int64  // of a pending job: when it is tried next; while it is tried, when its lease ends
	Held      bool   // it is being tried
	Answer    string // of the last attempt, in a few generic words
	SettledAt int64  // 0: pending
}

// Outcome is what came of an attempt.
type Outcome struct {
	State State
	// Answer says what came back, without a word of it: "HTTP 500", "no answer in time".
	Answer string
	// Next is when a Pending job is to be tried again, Unix microseconds.
	Next int64
	// Payload replaces the job's unless it is nil.
	Payload *string
	// Failing: the receiver is not able to take anything now, so its lane slows down.
	Failing bool
	// Over: while it is Failing, what waits in its lane since then or longer (Unix
	// microseconds) has no time left, tried or not. 0: nothing.
	Over int64
}

// Result is an outcome of a job that holder has leased.
type Result struct {
	Job Job
	Outcome
}
