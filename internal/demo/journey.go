package demo

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

// step is one hop of a journey, as the demo saw it.
type step struct {
	From, To string // "Browser", "Demo", "Foyer"; To is "" for what the demo does by itself
	Title    string
	Text     string
	Method   string // of a request
	Address  string // without its parameters
	Sent     []param
	Status   int // of the answer, 0: none seen
	Got      []param
	Claims   []param // of a token that arrived
	Begun    time.Time
	Took     time.Duration // 0: not measured
	Wrong    bool          // it went wrong, on purpose or not
	Aside    bool          // without the browser
}

// journey is what happened from a click until the browser was back.
type journey struct {
	Title    string
	State    string // of the request that it began with
	ClientID string // which application was asked to sign out, "" for a sign-in
	SignOut  bool
	Begun    time.Time
	mu       sync.Mutex
	steps    []step
	done     bool
}

func (j *journey) add(s step) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.steps) < maxSteps {
		j.steps = append(j.steps, s)
	}
}

// finish tells whether the journey ends now, and not earlier: a page may be
// loaded again.
func (j *journey) finish() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	was := j.done
	j.done = true
	return !was
}

// Steps returns the hops in order of time.
func (j *journey) Steps() []step {
	j.mu.Lock()
	defer j.mu.Unlock()
	steps := slices.Clone(j.steps)
	slices.SortStableFunc(steps, func(a, b step) int { return a.Begun.Compare(b.Begun) })
	return steps
}

// last is when the browser's last hop ended. What Foyer tells the applications
// happens beside it.
func (j *journey) last() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range slices.Backward(j.steps) {
		if !s.Aside {
			return s.Begun.Add(s.Took)
		}
	}
	return j.Begun
}

// Bounds of what is kept: the demo may be left open to a whole office.
const (
	maxSteps    = 40
	maxJourneys = 6    // of a browser, for tabs
	maxVisits   = 1000 // browsers
)

// visits are the journeys of each browser.
type visits struct {
	now    func() time.Time
	secure bool // the cookie is for https
	mu     sync.Mutex
	byID   map[string]*visit
	order  []string // oldest first
}

// visit is one browser.
type visit struct {
	v        *visits
	journeys []*journey         // newest first
	begun    []begunFrom        // sessions, newest last
	over     map[string][]claim // by client_id: the logout token that ended its session
}

func newVisits(now func() time.Time, secure bool) *visits {
	return &visits{now: now, secure: secure, byID: map[string]*visit{}}
}

type visitKey struct{}
type journeyKey struct{}

const visitCookie = "demo_visit"

// enter finds the browser's visit, or begins one.
func (v *visits) enter(w http.ResponseWriter, r *http.Request) *http.Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	var found *visit
	if c, err := r.Cookie(visitCookie); err == nil {
		found = v.byID[c.Value]
	}
	if found == nil {
		id := secret.Random(32)
		if len(v.order) >= maxVisits {
			delete(v.byID, v.order[0])
			v.order = v.order[1:]
		}
		found = &visit{v: v, over: map[string][]claim{}}
		v.byID[id], v.order = found, append(v.order, id)
		http.SetCookie(w, &http.Cookie{
			Name: visitCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
			Secure: v.secure,
		})
	}
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, found))
}

func visitOf(ctx context.Context) *visit { return ctx.Value(visitKey{}).(*visit) }

// begin begins a journey; hops that the request's context reaches belong to it.
func begin(r *http.Request, j *journey) (*journey, *http.Request) {
	v := visitOf(r.Context())
	v.v.mu.Lock()
	defer v.v.mu.Unlock()
	v.add(j)
	return j, within(r, j)
}

// add makes j the journey that was begun last. The visits are locked.
func (v *visit) add(j *journey) {
	j.Begun = v.v.now()
	v.journeys = slices.Insert(v.journeys, 0, j)
	v.journeys = v.journeys[:min(len(v.journeys), maxJourneys)]
}

// find returns the journey of a state, or nil.
func (v *visit) find(state string) *journey {
	v.v.mu.Lock()
	defer v.v.mu.Unlock()
	for _, j := range v.journeys {
		if state != "" && j.State == state {
			return j
		}
	}
	return nil
}

// latest returns the journey that was begun last, or nil.
func (v *visit) latest() *journey {
	v.v.mu.Lock()
	defer v.v.mu.Unlock()
	if len(v.journeys) == 0 {
		return nil
	}
	return v.journeys[0]
}

func within(r *http.Request, j *journey) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), journeyKey{}, j))
}

// journeyOf returns the journey that a context belongs to, or nil.
func journeyOf(ctx context.Context) *journey {
	j, _ := ctx.Value(journeyKey{}).(*journey)
	return j
}
