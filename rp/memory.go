package rp

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Memory is a SessionStore of one process, bounded in size: the session that
// was not used for longest makes room. Its sessions end with the process.
type Memory struct {
	mu    sync.Mutex
	limit int
	now   func() time.Time
	byID  map[string]*list.Element // of *Session
	used  *list.List               // most recently used first
}

// NewMemory returns a store of at most limit sessions; 0 or less: 10 000. now
// is the clock, nil for time.Now.
func NewMemory(limit int, now func() time.Time) *Memory {
	if limit <= 0 {
		limit = 10_000
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{limit: limit, now: now, byID: map[string]*list.Element{}, used: list.New()}
}

// Create implements SessionStore.
func (m *Memory) Create(_ context.Context, s *Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(s.ID)
	for m.used.Len() >= m.limit {
		m.drop(m.used.Back().Value.(*Session).ID)
	}
	m.byID[s.ID] = m.used.PushFront(s.clone())
	return nil
}

// Load implements SessionStore.
func (m *Memory) Load(_ context.Context, id string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.live(id)
	if !ok {
		return nil, ErrNoSession
	}
	m.used.MoveToFront(e)
	return e.Value.(*Session).clone(), nil
}

// Update implements SessionStore.
func (m *Memory) Update(_ context.Context, s *Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.live(s.ID)
	if !ok {
		return ErrNoSession
	}
	e.Value = s.clone()
	return nil
}

// Delete implements SessionStore.
func (m *Memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id)
	return nil
}

// Len is how many sessions are kept.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used.Len()
}

func (m *Memory) live(id string) (*list.Element, bool) {
	e, ok := m.byID[id]
	if ok && !m.now().Before(e.Value.(*Session).Expires) {
		m.drop(id)
		return nil, false
	}
	return e, ok
}

func (m *Memory) drop(id string) {
	if e, ok := m.byID[id]; ok {
		m.used.Remove(e)
		delete(m.byID, id)
	}
}
