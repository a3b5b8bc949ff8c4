package throttle

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 29, 0, 59, 0, 0, time.UTC)

// play runs attempts on one key; each names when it comes, and what is wanted:
// 0 for charged, or the wait.
type attempt struct {
	at   time.Duration
	want time.Duration
}

func TestTally(t *testing.T) {
	t.Parallel()
	const w = 15 * time.Minute
	for _, c := range []struct {
		name     string
		limit    int
		attempts []attempt
	}{
		{"the limit fits at once and the next waits for the first", 3, []attempt{
			{0, 0}, {0, 0}, {0, 0}, {0, w}, {w - time.Microsecond, time.Microsecond}, {w, 0}}},
		{"the window slides: places come free one by one", 3, []attempt{
			{0, 0}, {5 * time.Minute, 0}, {10 * time.Minute, 0}, {11 * time.Minute, 4 * time.Minute},
			{15 * time.Minute, 0}, {15 * time.Minute, 5 * time.Minute}, {20 * time.Minute, 0}}},
		{"what is refused is not charged", 1, []attempt{
			{0, 0}, {1 * time.Minute, 14 * time.Minute}, {14 * time.Minute, time.Minute}, {15 * time.Minute, 0}}},
		{"a node some seconds behind counts what others charged", 2, []attempt{
			{10 * time.Second, 0}, {0, 0}, {5 * time.Second, w + 5*time.Second}}},
		{"a clock that went back an hour locks for one window only", 2, []attempt{
			{time.Hour, 0}, {time.Hour, 0}, {0, w}, {time.Minute, 14 * time.Minute}, {w, 0}}},
		{"a clock that went back ten minutes locks for less than two", 1, []attempt{
			{10 * time.Minute, 0}, {0, 25 * time.Minute}, {25 * time.Minute, 0}}},
		{"a limit that was lowered counts what is there", 2, []attempt{
			{0, 0}, {time.Minute, 0}, {2 * time.Minute, 13 * time.Minute}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			state := ""
			for i, a := range c.attempts {
				d, err := Decide([]string{state}, []Take{{"k", c.limit, w}}, start.Add(a.at))
				if err != nil {
					t.Fatal(err)
				}
				if (a.want == 0) != (d.Refused < 0) || d.RetryAfter != a.want {
					t.Fatalf("attempt %d: %+v", i, d)
				}
				if d.Changes != nil {
					state = d.Changes[0].State
				}
			}
		})
	}
}

func TestDecideChargesAllOrNone(t *testing.T) {
	t.Parallel()
	takes := []Take{{"a", 2, time.Minute}, {"b", 1, time.Minute}, {"c", 1, time.Hour}}
	first, err := Decide([]string{"", "", ""}, takes, start)
	if err != nil || first.Refused != -1 {
		t.Fatalf("%+v, %v", first, err)
	}
	states := []string{first.Changes[0].State, first.Changes[1].State, first.Changes[2].State}
	second, err := Decide(states, takes, start)
	if err != nil {
		t.Fatal(err)
	}
	// The one that frees last is reported: coming back sooner would be in vain.
	if diff := cmp.Diff(Decision{Refused: 2, RetryAfter: time.Hour}, second); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestI5_NeverMoreThanTheLimitInAnyWindow compares random histories, refunds
// among them, with a log of every charge.
func TestI5_NeverMoreThanTheLimitInAnyWindow(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		limit, w := 1+random.IntN(120), time.Duration(1+random.IntN(1000))*time.Second
		k := Take{"k", limit, w}
		var log []time.Time
		state, now := "", start
		for range 500 {
			now = now.Add(time.Duration(random.Int64N(int64(w) * 2 / int64(limit))))
			d, err := Decide([]string{state}, []Take{k}, now)
			if err != nil {
				t.Fatal(err)
			}
			inWindow := 0
			for _, at := range log {
				if at.After(now.Add(-w)) {
					inWindow++
				}
			}
			if d.Refused >= 0 {
				// Strict by a slice at most, never lax.
				if d.RetryAfter > w {
					t.Fatalf("wait of %s in a window of %s", d.RetryAfter, w)
				}
				continue
			}
			if inWindow >= limit {
				t.Fatalf("limit %d in %s: one more than the limit at %s", limit, w, now)
			}
			state = d.Changes[0].State
			if n := strings.Count(state, ":"); n > 2*slicesPerWindow+2 {
				t.Fatalf("%d entries", n)
			}
			if random.IntN(4) > 0 {
				log = append(log, now)
				continue
			}
			_, refund, err := ParseCharge(chargeOf(k, now))
			if err != nil {
				t.Fatal(err)
			}
			c, err := refund(state)
			if err != nil {
				t.Fatal(err)
			}
			state = c.State
		}
	}
}

func TestRL1_Network(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.77":               "192.0.2.0/24",
		"::ffff:192.0.2.1":         "192.0.2.0/24",
		"2001:db8:1:2:3:4:5:6":     "2001:db8:1:2::/64",
		"2001:db8:1:2::1":          "2001:db8:1:2::/64",
		"fe80::1%eth0":             "fe80::/64",
		"2001:db8:1:2:ffff::%zone": "2001:db8:1:2::/64",
	} {
		if got := Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
	if got := Network(netip.Addr{}); got != "unknown" {
		t.Error(got)
	}
}

func TestKeysAreOpaqueAndApart(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, tenant := range []string{"a", "b"} {
		for _, c := range []Charge{
			CodeGuesses.Of("ada@example.com"), CodeGuesses.Of("ada@example.co", "m"), CodeGuesses.Of("", "ada@example.com"),
			ClientFailures.Of("ada@example.com"),
		} {
			k := c.key(tenant)
			if len(k) != 32 || seen[k] || strings.Trim(k, "0123456789abcdef") != "" {
				t.Errorf("%s %+v: %s", tenant, c, k)
			}
			seen[k] = true
		}
	}
}

func TestMemoryForgetsSoon(t *testing.T) {
	t.Parallel()
	m, key := newMemory(), CodeGuesses.Of("x").key("t")
	m.block("t", key, start, start.Add(time.Minute))
	for _, c := range []struct {
		name string
		at   time.Duration
		want bool
	}{
		{"at once", 0, true},
		{"for a request that came a little earlier", -10 * time.Millisecond, true},
		{"just before a second has passed", time.Second - 1, true},
		{"after a second", time.Second, false},
	} {
		if _, got := m.blocked("t", key, start.Add(c.at)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	m.block("t", key, start, start.Add(time.Minute))
	if _, got := m.blocked("other", key, start); got {
		t.Error("another tenant is refused")
	}
	if _, got := m.blocked("t", key, start.Add(-time.Hour)); got {
		t.Error("a clock that went back is refused")
	}
	for i := range 20 * shardSize {
		m.block("t", CodeGuesses.Of(string(rune(i))).key("t"), start, start.Add(time.Minute))
	}
	for i := range m.shards {
		if n := len(m.shards[i].keys); n > shardSize {
			t.Errorf("shard %d holds %d keys", i, n)
		}
	}
}

func FuzzTally(f *testing.F) {
	f.Add("1774745940000000:3 1774745941000000:1", "k:1774745940000000:900000000")
	f.Add(":", "k:1:0")
	f.Fuzz(func(t *testing.T, state, charge string) {
		k := Take{"k", 3, time.Minute}
		if d, err := Decide([]string{state}, []Take{k}, start); err == nil && d.Changes != nil {
			if _, err := Decide([]string{d.Changes[0].State}, []Take{k}, start); err != nil {
				t.Fatal(err)
			}
		}
		if _, refund, err := ParseCharge(charge); err == nil {
			_, _ = refund(state)
		}
	})
}
