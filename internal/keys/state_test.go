package keys

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStatesAreAFunctionOfTime(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return noon.Add(d).UnixMicro() }
	a := Record{KID: "a", Alg: ES256, SignFrom: at(0)}
	b := Record{KID: "b", Alg: ES256, SignFrom: at(90 * day)}
	c := Record{KID: "c", Alg: ES256, SignFrom: at(180 * day)}
	revoked := func(r Record, d time.Duration) Record { r.RevokedAt = at(d); return r }
	for _, tt := range []struct {
		name    string
		records []Record
		after   time.Duration
		want    map[string]State
	}{
		{"the first key signs at once", []Record{a}, 0, map[string]State{"a": Signing}},
		{"a clock behind the first key's still has a key", []Record{a, b}, -time.Hour, map[string]State{"a": Signing, "b": Next}},
		{"a successor is published before it signs", []Record{b, a}, 89 * day, map[string]State{"a": Signing, "b": Next}},
		{"the successor signs from its time on", []Record{a, b}, 90 * day, map[string]State{"a": Retired, "b": Signing}},
		{"retired until the last token expires", []Record{a, b}, 104*day + time.Hour - time.Second, map[string]State{"a": Retired, "b": Signing}},
		{"then archived", []Record{a, b}, 104*day + time.Hour, map[string]State{"a": Archived, "b": Signing}},
		{"for 400 days", []Record{a, b}, 504*day + time.Hour - time.Second, map[string]State{"a": Archived, "b": Signing}},
		{"then gone", []Record{a, b}, 504*day + time.Hour, map[string]State{"a": Gone, "b": Signing}},
		{"three in a row", []Record{a, b, c}, 185 * day, map[string]State{"a": Archived, "b": Retired, "c": Signing}},
		{"a revoked key is revoked in every phase", []Record{revoked(a, day), b, c}, 185 * day, map[string]State{"a": Revoked, "b": Retired, "c": Signing}},
		{"a revoked next key supersedes nothing", []Record{a, revoked(b, 80*day)}, 91 * day, map[string]State{"a": Signing, "b": Revoked}},
		{"a revoked signing key leaves it to what is left", []Record{a, revoked(b, 91*day)}, 92 * day, map[string]State{"a": Signing, "b": Revoked}},
		{"algorithms do not supersede each other", []Record{a, {KID: "r", Alg: RS256, SignFrom: at(day)}}, 2 * day, map[string]State{"a": Signing, "r": Signing}},
	} {
		got := map[string]State{}
		for _, s := range States(tt.records, MaxTokenLife, noon.Add(tt.after)) {
			got[s.KID] = s.State
			if s.Until != 0 && s.Until <= noon.Add(tt.after).UnixMicro() {
				t.Errorf("%s: %s ends before it is", tt.name, s.KID)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}
