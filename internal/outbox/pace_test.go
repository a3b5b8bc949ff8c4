package outbox

import (
	"testing"
	"time"
)

func TestALaneSpeedsUpAndPauses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	same := func(d time.Duration) time.Duration { return d }
	p := newPace()
	for range 40 {
		p.note(false, now, same)
	}
	if p.room != maxRoom || !p.open(now) {
		t.Fatalf("after successes: room %d, open %v", p.room, p.open(now))
	}
	for i, want := range []time.Duration{0, 0, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		p.note(true, now, same)
		if p.room != 1 || !p.open(now.Add(want)) || want > 0 && p.open(now.Add(want-1)) {
			t.Errorf("failure %d: room %d, paused until %v, want %v", i+1, p.room, p.until.Sub(now), want)
		}
	}
	p.note(false, now, same)
	if p.failures != 0 || !p.open(now) || p.room != 2 {
		t.Errorf("after one success: %+v", p)
	}
}

func TestLanesNameWhoReceives(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"web", "a/b", "https://client.example/x?y", ""} {
		l := LaneOf("logout", "acme", name)
		if l.Kind() != "logout" || l.Tenant() != "acme" || l.Name() != name {
			t.Errorf("%q: %q %q %q", l, l.Kind(), l.Tenant(), l.Name())
		}
	}
}
