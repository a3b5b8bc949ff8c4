package app

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// arriving is a listener to which connections come from addresses in turn.
type arriving struct {
	net.Listener
	from []string
}

func (a *arriving) Accept() (net.Conn, error) {
	if len(a.from) == 0 {
		return nil, errors.New("nobody else comes")
	}
	next := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a.from[0]))
	a.from = a.from[1:]
	here, there := net.Pipe()
	return &from{Conn: here, addr: next}, there.Close()
}

type from struct {
	net.Conn
	addr net.Addr
}

func (f *from) RemoteAddr() net.Addr { return f.addr }

func TestDS4_ConnectionsOfOneAddress(t *testing.T) {
	t.Parallel()
	l := newCapped(&arriving{from: []string{
		"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", // the third is one too many
		"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8:0:0:ffff::3]:1", // one /64, the third too many
		"[2001:db8:0:1::1]:1",                               // another
		"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "[::1]:1", // a proxy, loopback
		"192.0.2.1:4", // after one has closed
	}}, 2, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	var first net.Conn
	for _, want := range []string{"192.0.2.1:1", "192.0.2.1:2", "[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8:0:1::1]:1",
		"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "[::1]:1", "192.0.2.1:4"} {
		conn, err := l.Accept()
		if err != nil || conn.RemoteAddr().String() != want {
			t.Fatalf("%v, %v; want %s", conn, err, want)
		}
		if first == nil {
			first = conn
		}
		if want == "[::1]:1" {
			for range 2 { // closing twice frees one
				if err := first.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if conn, err := l.Accept(); err == nil {
		t.Errorf("%v came after all", conn.RemoteAddr())
	}
}
