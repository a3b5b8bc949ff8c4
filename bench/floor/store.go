package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var errAbsent = errors.New("no such row")

// ref is where a bearer string's row is and what proves the bearer.
type ref struct {
	id   int64
	hash string
}

// row is one thing to keep.
type row struct {
	ref
	body string
}

// change takes a row away, if its id is not 0, and adds others, in one commit.
type change struct {
	take ref
	add  []row
}

type store interface {
	find(ref) (body string, err error)
	// apply returns the body of the row that was taken; it is durable then.
	apply(change) (body string, err error)
}

var last atomic.Int64 // ids grow: time at the start, then one by one

func init() { last.Store(time.Now().UnixMicro()) }

// mint makes a bearer string of a kind: eight bytes of id, 24 random ones.
func mint(kind byte) (string, ref) {
	var raw [32]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(last.Add(1)))
	rand.Read(raw[8:])
	return b64.EncodeToString(raw[:]), refOf(kind, &raw)
}

// read is the way back; what is no bearer string refers to nothing.
func read(kind byte, s string) ref {
	var raw [33]byte
	if len(s) != 43 {
		return ref{}
	}
	if _, err := b64.Decode(raw[:], []byte(s)); err != nil {
		return ref{}
	}
	return refOf(kind, (*[32]byte)(raw[:32]))
}

func refOf(kind byte, raw *[32]byte) ref {
	var in [33]byte
	in[0] = kind
	copy(in[1:], raw[:])
	sum := sha256.Sum256(in[:])
	return ref{int64(binary.BigEndian.Uint64(raw[:8])), hex.EncodeToString(sum[:])}
}

// memStore keeps rows in a map.
type memStore struct{ m sync.Map }

func (s *memStore) find(r ref) (string, error) {
	v, ok := s.m.Load(r)
	if !ok {
		return "", errAbsent
	}
	return v.(string), nil
}

func (s *memStore) apply(c change) (body string, err error) {
	if c.take.id != 0 {
		v, ok := s.m.LoadAndDelete(c.take)
		if !ok {
			return "", errAbsent
		}
		body = v.(string)
	}
	for _, r := range c.add {
		s.m.Store(r.ref, r.body)
	}
	return body, nil
}

// queue is what waits for a group-committing writer.
type queue chan *waiting

type waiting struct {
	change
	body string
	err  error
	done chan struct{}
}

const maxGroup = 64

func newQueue() queue { return make(queue, 1024) }

func (q queue) apply(c change) (string, error) {
	w := &waiting{change: c, done: make(chan struct{})}
	q <- w
	<-w.done
	return w.body, w.err
}

// next waits for one change and takes what is there besides.
func (q queue) next(group []*waiting) []*waiting {
	group = append(group[:0], <-q)
	for len(group) < maxGroup {
		select {
		case w := <-q:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

// settle answers a group after its commit.
func settle(group []*waiting, err error) {
	for _, w := range group {
		if err != nil {
			w.err = err
		}
		close(w.done)
	}
}
