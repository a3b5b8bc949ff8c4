package logout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/secret"
)

// fronted is a client that is told in the browser.
func fronted(id, uri string, session bool) *client.Client {
	return &client.Client{Origin: client.FromOperator, Spec: client.Spec{ClientID: id, ClientName: "The " + id,
		RedirectURIs: []string{"https://" + id + ".example/cb"}, FrontchannelLogoutURI: uri, FrontchannelLogoutSessionRequired: session}}
}

func TestFrontChannelOf(t *testing.T) {
	t.Parallel()
	off := fronted("off", "https://off.example/fc", true)
	no := false
	off.Enabled = &no
	self := fronted("self", "https://self.example/fc", false)
	self.Origin = client.FromSelf
	clients := map[string]*client.Client{
		"a": fronted("a", "https://a.example/fc?x=1", true), "b": fronted("b", "https://b.example/fc", false), "off": off, "self": self,
		"back": {Spec: client.Spec{ClientID: "back", BackchannelLogoutURI: "https://back.example/bc"}},
		"bad":  fronted("bad", "https://elsewhere.example/fc", true),
	}
	const a1, a2 = "https://a.example/fc?x=1&iss=https%3A%2F%2Fid.example%2Facme&sid=S1", "https://a.example/fc?x=1&iss=https%3A%2F%2Fid.example%2Facme&sid=S2"
	frameA := func(app int, uri string) Frame { return Frame{app, uri, "https://a.example"} }
	frameB := func(app int) Frame { return Frame{app, "https://b.example/fc", "https://b.example"} }
	s := func(sid string, participants ...string) Ended { return Ended{SID: sid, Participants: participants} }
	for name, c := range map[string]struct {
		cite   string
		ended  []Ended
		apps   []string
		frames []Frame
	}{
		"nobody":                       {"Front-Channel §2", nil, nil, nil},
		"nobody who listens":           {"Front-Channel §2", []Ended{s("S1", "back")}, nil, nil},
		"with session":                 {"Front-Channel §2", []Ended{s("S1", "a")}, []string{"The a"}, []Frame{frameA(0, a1)}},
		"without session":              {"Front-Channel §2", []Ended{s("S1", "b")}, []string{"The b"}, []Frame{frameB(0)}},
		"in the order they joined":     {"logout.md §4", []Ended{s("S1", "b", "back", "a")}, []string{"The b", "The a"}, []Frame{frameB(0), frameA(1, a1)}},
		"once for each session":        {"logout.md §1, own sid", []Ended{s("S1", "a"), s("S2", "b", "a")}, []string{"The a", "The b"}, []Frame{frameA(0, a1), frameB(1), frameA(0, a2)}},
		"the same address once":        {"logout.md §4", []Ended{s("S1", "b"), s("S2", "b")}, []string{"The b"}, []Frame{frameB(0)}},
		"disabled":                     {"logout.md §4", []Ended{s("S1", "off", "b")}, []string{"The b"}, []Frame{frameB(0)}},
		"removed":                      {"logout.md §4", []Ended{s("S1", "gone", "b")}, []string{"The b"}, []Frame{frameB(0)}},
		"not to be registered today":   {"AZ3", []Ended{s("S1", "bad")}, nil, nil},
		"registered itself, same rule": {"logout.md §4", []Ended{s("S1", "self")}, []string{"The self"}, []Frame{{0, "https://self.example/fc", "https://self.example"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := FrontChannelOf("https://id.example/acme", c.ended, func(id string) *client.Client { return clients[id] })
			if diff := cmp.Diff([]any{c.apps, c.frames, 0}, []any{f.Apps, f.Frames, f.Left}); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", c.cite, diff)
			}
		})
	}
}

func TestFrontChannelIsBounded(t *testing.T) {
	t.Parallel()
	find := func(id string) *client.Client { return fronted(id, "https://"+id+".example/fc", true) }
	var ended []Ended
	for i := range 3 {
		e := Ended{ID: int64(i + 1), SID: fmt.Sprint("S", i)}
		for j := range 30 {
			e.Participants = append(e.Participants, fmt.Sprintf("app%d", (i*20+j)))
		}
		ended = append(ended, e)
	}
	f := FrontChannelOf("https://id.example", hereFirst(ended, 2), find)
	if len(f.Frames) != MaxFrames || len(f.Apps)+f.Left != 70 || f.Frames[0].App != 0 || f.Apps[0] != "The app20" {
		t.Errorf("%d frames, %d applications and %d left, first %v", len(f.Frames), len(f.Apps), f.Left, f.Apps[0])
	}
	if len(f.Ended) != 2 || f.Ended[0].ID != 2 || ended[0].ID != 1 {
		t.Errorf("sessions %+v", f.Ended)
	}
}

func TestFramesFitIntoAHeader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("x", 60)+".", 3)
	find := func(id string) *client.Client { return fronted(id, "https://"+id+".example/fc", true) }
	e := Ended{SID: "S"}
	for i := range 30 {
		e.Participants = append(e.Participants, fmt.Sprint(long, "app", i))
	}
	f := FrontChannelOf("https://id.example", []Ended{e, {SID: "T", Participants: e.Participants[:2]}}, find)
	seen, size := map[string]bool{}, 0
	for _, x := range f.Frames {
		if !seen[x.Origin] {
			size += len(x.Origin) + 1
		}
		seen[x.Origin] = true
	}
	if len(seen) != len(f.Apps) || len(f.Apps)+f.Left != 30 || size > framedSize || len(f.Apps) < 10 || len(f.Frames) != len(f.Apps)+2 {
		t.Errorf("%d origins, %d applications, %d left, %d frames", len(seen), len(f.Apps), f.Left, len(f.Frames))
	}
}

func TestFarewell(t *testing.T) {
	t.Parallel()
	s := secret.NewSealer(secret.DeriveKey([]byte("test"), "requests"))
	now := time.Unix(1_800_000_000, 0)
	f := Farewell{Browser: "b", At: now.UnixMicro(), Everywhere: true, Direct: "web"}
	for i := range MaxFrames {
		f.Ended = append(f.Ended, Gone{ID: int64(i+1) << 55, SID: secret.Random(16)})
	}
	sealed := f.Seal(s, "acme")
	if len(sealed) > maxFarewell {
		t.Errorf("%d characters", len(sealed))
	}
	got, ok := OpenFarewell(s, "acme", sealed, "b", now.Add(farewellLife))
	if !ok || got.Direct != "web" || !got.Everywhere || len(got.Ended) < 15 || got.Ended[0] != f.Ended[0] || len(f.Ended) != MaxFrames {
		t.Errorf("%v %+v", ok, got)
	}
	for name, open := range map[string]func() (Farewell, bool){
		"another browser":     func() (Farewell, bool) { return OpenFarewell(s, "acme", sealed, "c", now) },
		"no browser":          func() (Farewell, bool) { return OpenFarewell(s, "acme", Farewell{}.Seal(s, "acme"), "", now) },
		"another tenant":      func() (Farewell, bool) { return OpenFarewell(s, "other", sealed, "b", now) },
		"later":               func() (Farewell, bool) { return OpenFarewell(s, "acme", sealed, "b", now.Add(farewellLife+1)) },
		"something else":      func() (Farewell, bool) { return OpenFarewell(s, "acme", Pending{}.Seal(s, "acme"), "b", now) },
		"nothing":             func() (Farewell, bool) { return OpenFarewell(s, "acme", "", "b", now) },
		"one byte is changed": func() (Farewell, bool) { return OpenFarewell(s, "acme", "B"+sealed[1:], "b", now) },
	} {
		if got, ok := open(); ok || got.Direct != "" {
			t.Errorf("%s opens it", name)
		}
	}
}
