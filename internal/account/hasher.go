package account

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrBusy says that a hash would not start in time. Nothing was hashed; the
// door answers 503 with Retry-After (DS3).
type ErrBusy struct {
	RetryAfter time.Duration // whole seconds, spread so that clients do not return together
}

func (e *ErrBusy) Error() string {
	return fmt.Sprintf("account: hashing is busy, retry in %s", e.RetryAfter)
}

// HasherOptions are the bounds of a Hasher. Zero values mean DefaultParams, one
// slot and one second.
type HasherOptions struct {
	Params Params
	// Slots is how many hashes run at once: one a core, more only costs memory
	// and cache (spec/performance.md, lesson 5). Memory is Slots × Params.Memory.
	Slots int
	// MaxWait is how long a hash may wait for its slot.
	MaxWait time.Duration
	Now     func() time.Time // for measuring, default time.Now
}

// Hasher makes and verifies password hashes in a bounded pool. Who cannot
// expect a slot within MaxWait is refused at once, which costs microseconds.
// It is safe for concurrent use and hashes nothing before it is asked.
type Hasher struct {
	params  Params
	slots   int64
	maxWait time.Duration
	now     func() time.Time

	sem     *semaphore.Weighted
	waiting atomic.Int64 // asked for a slot and not yet got one
	running atomic.Int64 // in a slot
	average atomic.Int64 // ns of one hash, moving
	refused atomic.Int64
}

// NewHasher returns a Hasher, or ErrHashParams for a cost out of bounds.
func NewHasher(o HasherOptions) (*Hasher, error) {
	if o.Params == (Params{}) {
		o.Params = DefaultParams
	}
	if err := o.Params.Validate(); err != nil {
		return nil, err
	}
	if o.Slots < 1 {
		o.Slots = 1
	}
	if o.MaxWait <= 0 {
		o.MaxWait = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Hasher{params: o.Params, slots: int64(o.Slots), maxWait: o.MaxWait, now: o.Now,
		sem: semaphore.NewWeighted(int64(o.Slots))}
	h.average.Store(int64(20 * time.Millisecond)) // the defaults' cost, until measured
	return h, nil
}

// Params returns the cost of new hashes, for NeedsRehash.
func (h *Hasher) Params() Params { return h.params }

// Hash returns the argon2id string of a password. The error is
// ErrPasswordTooLong, *ErrBusy or the context's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	pw, err := normalize(password)
	if err != nil {
		return "", err
	}
	var phc string
	err = h.run(ctx, func() { phc = newHash(pw, h.params) })
	return phc, err
}

// Verify reports whether a password matches a stored hash. An empty hash is an
// account without a password: the same work, and no. A wrong password is no
// error; errors are those of Hash, ErrHashFormat and ErrHashParams.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	pw, err := normalize(password)
	if err != nil {
		return false, err
	}
	s, err := h.find(phc)
	if err != nil {
		return false, err
	}
	ok := false
	err = h.run(ctx, func() { ok = s.match(pw) })
	return ok && phc != "", err
}

// VerifyDummy does for an identifier that names no account what Verify does
// for one that does, at the current cost, through the same queue (RE2).
func (h *Hasher) VerifyDummy(ctx context.Context, password string) error {
	_, err := h.Verify(ctx, "", password)
	return err
}

// find returns what to compare with; for no hash, zeros that nothing equals.
func (h *Hasher) find(phc string) (stored, error) {
	if phc != "" {
		return parseHash(phc)
	}
	return argon2Hash{id: true, params: h.params, salt: make([]byte, saltLen), want: make([]byte, outputLen)}, nil
}

// run does the work in a slot, or refuses.
func (h *Hasher) run(ctx context.Context, work func()) error {
	if err := h.acquire(ctx); err != nil {
		return err
	}
	h.running.Add(1)
	defer func() {
		h.running.Add(-1)
		h.sem.Release(1)
	}()
	start := h.now()
	work()
	// An eighth of the newest: follows a change of load within ten hashes.
	took, old := int64(h.now().Sub(start)), h.average.Load()
	h.average.Store(old + (took-old)/8)
	return nil
}

// acquire takes a slot, first come first served. It refuses at once when the
// queue ahead is longer than MaxWait at the present pace, and after MaxWait
// when the pace has dropped meanwhile.
func (h *Hasher) acquire(ctx context.Context) error {
	if h.sem.TryAcquire(1) {
		return nil
	}
	ahead := h.waiting.Add(1)
	defer h.waiting.Add(-1)
	if h.tooLong(ahead) {
		return h.busy()
	}
	wait, cancel := context.WithTimeout(ctx, h.maxWait)
	defer cancel()
	err := h.sem.Acquire(wait, 1)
	if err == nil {
		return nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return h.busy()
	}
	return fmt.Errorf("wait for a hash slot: %w", context.Cause(ctx))
}

// Full refuses when a hash asked for now would be refused. Who asks before
// anything is counted or read spares the work of undoing it, which in a storm of
// sign-ins costs the server a quarter of those it could do (DS3). While a slot is
// free nobody is refused, however long the hash before took: only the next one
// can show that the machine is well again.
func (h *Hasher) Full() error {
	free := h.waiting.Load() == 0 && h.running.Load() < h.slots
	if !free && h.tooLong(h.waiting.Load()+1) {
		return h.busy()
	}
	return nil
}

// tooLong tells whether the place in the queue is behind MaxWait at the present
// pace.
func (h *Hasher) tooLong(place int64) bool {
	return place*h.average.Load()/h.slots > int64(h.maxWait)
}

// busy names a return in one to five waits, in turn, so that those refused
// together do not come back together.
func (h *Hasher) busy() error {
	n := h.refused.Add(1)
	seconds := int64(h.maxWait/time.Second) + n%5
	return &ErrBusy{RetryAfter: time.Duration(max(seconds, 1)) * time.Second}
}

// HasherStats is a reading of a Hasher for metrics.
type HasherStats struct {
	Waiting int64         // hashes in the queue now
	Refused int64         // ErrBusy since the start
	Average time.Duration // of one hash, moving
}

// Stats returns the present figures.
func (h *Hasher) Stats() HasherStats {
	return HasherStats{h.waiting.Load(), h.refused.Load(), time.Duration(h.average.Load())}
}
