package throttle

import (
	"sync"
	"time"
)

// memory remembers which keys the store has just found exhausted, so that a
// flood on one key costs the store one transition a second and its refusals
// microseconds. It can only refuse, and for no longer than memoryTTL beyond
// what the store would: a refund on another node is seen within that time.
type memory struct{ shards [16]shard }

const (
	memoryTTL = time.Second
	shardSize = 4096 // keys; a full shard is emptied, which costs only time
)

type shard struct {
	mu   sync.Mutex
	keys map[memoryKey]block
}

type memoryKey struct{ tenant, key string }

// block holds when the store said so, and when the key is free.
type block struct{ since, free time.Time }

func newMemory() *memory {
	m := new(memory)
	for i := range m.shards {
		m.shards[i].keys = make(map[memoryKey]block)
	}
	return m
}

// shard spreads the keys, which are hex, by their last two digits.
func (m *memory) shard(key string) *shard {
	n := len(key)
	return &m.shards[(key[n-1]+7*key[n-2])%16]
}

// blocked returns when the key will be free, if it is known not to be now.
// Requests overtake one another by a little; a clock that went back by more
// knows nothing.
func (m *memory) blocked(tenant, key string, now time.Time) (free time.Time, blocked bool) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.keys[memoryKey{tenant, key}]
	if !ok {
		return time.Time{}, false
	}
	if age := now.Sub(b.since); age <= -memoryTTL || age >= memoryTTL || !now.Before(b.free) {
		delete(s.keys, memoryKey{tenant, key})
		return time.Time{}, false
	}
	return b.free, true
}

func (m *memory) block(tenant, key string, now, free time.Time) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) >= shardSize {
		clear(s.keys)
	}
	s.keys[memoryKey{tenant, key}] = block{now, free}
}
