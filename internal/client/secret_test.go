package client

import (
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestCA2_TwoSecretsAreLiveDuringRotation(t *testing.T) {
	t.Parallel()
	c := &Client{}
	first := Rotate(c, 0, t0)
	second := Rotate(c, time.Hour, t0.Add(time.Minute))
	if !strings.HasPrefix(first, "fo_cs_") || len(first) < 6+43 || first == second {
		t.Errorf("%q and %q: want fo_cs_ and 256 bits each", first, second)
	}
	now := t0.Add(2 * time.Minute)
	if !secretMatches(c, first, now) || !secretMatches(c, second, now) {
		t.Error("during the overlap both are good")
	}
	if later := t0.Add(time.Minute + time.Hour); secretMatches(c, first, later) || !secretMatches(c, second, later) {
		t.Error("after the overlap only the second is good")
	}
	third := Rotate(c, 2*time.Hour, t0.Add(3*time.Minute))
	if secretMatches(c, first, now.Add(2*time.Minute)) || !secretMatches(c, second, now) || !secretMatches(c, third, now) {
		t.Error("never three")
	}
	if Rotate(c, 0, now); len(c.Secrets) != 1 {
		t.Errorf("without an overlap one is left, not %d", len(c.Secrets))
	}
	for _, s := range c.Secrets {
		if len(s.Hash) != 64 {
			t.Errorf("stored: %+v", s)
		}
	}
}

func TestSecretsThatNeverMatch(t *testing.T) {
	t.Parallel()
	c := &Client{Secrets: []Secret{{}, {Hash: HashSecret(""), CreatedAt: 1}}}
	for _, who := range []*Client{nil, {}, c} {
		for _, s := range []string{"", "x", HashSecret("x")} {
			if secretMatches(who, s, t0) {
				t.Errorf("%q matched", s)
			}
		}
	}
}

func TestLiveSecretsOrder(t *testing.T) {
	t.Parallel()
	c := &Client{Secrets: []Secret{{Hash: "a", CreatedAt: 1}, {Hash: "b", CreatedAt: 3}, {Hash: "c", CreatedAt: 2}, {Hash: "d", CreatedAt: 9, ExpiresAt: 1}}}
	live := liveSecrets(c, t0)
	if len(live) != 2 || live[0].Hash != "b" || live[1].Hash != "c" {
		t.Errorf("%+v, want b and c", live)
	}
}
