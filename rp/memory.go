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
	ended *recent                  // what the provider ended, for EndingLife
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
	return &Memory{limit: limit, now: now, byID: map[string]*list.Element{}, used: list.New(), ended: newRecent(maxRemembered)}
}

// Create implements SessionStore.
func (m *Memory) Create(_ context.Context, s *Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over(s) {
		return ErrEnded
	}
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

// EndBySID implements SessionStore. With ErrFull, the sessions that were there
// have ended, and a sign-in under way may be missed: the provider should try
// again.
func (m *Memory) EndBySID(_ context.Context, iss, sid string, until time.Time) error {
	return m.end(bySID(iss, sid), until, func(t *IDToken) bool { return t.Issuer == iss && t.SessionID == sid })
}

// EndBySub implements SessionStore; see EndBySID for ErrFull.
func (m *Memory) EndBySub(_ context.Context, iss, sub string, until time.Time) error {
	return m.end(bySub(iss, sub), until, func(t *IDToken) bool { return t.Issuer == iss && t.Subject == sub })
}

func bySID(iss, sid string) string { return "sid\x00" + iss + "\x00" + sid }
func bySub(iss, sub string) string { return "sub\x00" + iss + "\x00" + sub }

// end goes through all sessions: only the provider's word brings it here.
func (m *Memory) end(key string, until time.Time, named func(*IDToken) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, e := range m.byID {
		if t := e.Value.(*Session).Tokens.IDToken; t != nil && named(t) {
			m.drop(id)
		}
	}
	now := m.now()
	if e, ok := m.ended.find(key, now); ok && e.issued.After(until) {
		until = e.issued // tokens may come in another order than they were made
	}
	return m.ended.put(key, remembered{until: now.Add(EndingLife), issued: until}, now)
}

// over tells whether the provider has ended a session that is about to begin.
func (m *Memory) over(s *Session) bool {
	t := s.Tokens.IDToken
	if t == nil {
		return false
	}
	for _, key := range []string{bySID(t.Issuer, t.SessionID), bySub(t.Issuer, t.Subject)} {
		if e, ok := m.ended.find(key, m.now()); ok && !t.IssuedAt.After(e.issued) {
			return true
		}
	}
	return false
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
