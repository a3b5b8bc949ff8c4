package app

import (
	"net"
	"net/netip"
	"sync"
)

// perAddress is how many connections one address may hold (DS4), an IPv6
// address with all of its /64, which one customer has; proxies and loopback may
// hold any number.
const perAddress = 512

// capped is a listener that closes what an address opens beyond its share.
type capped struct {
	net.Listener
	limit int
	free  []netip.Prefix
	mu    sync.Mutex
	open  map[netip.Prefix]int
}

func newCapped(l net.Listener, limit int, free []netip.Prefix) net.Listener {
	return &capped{Listener: l, limit: limit, free: free, open: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (c *capped) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := addressOf(conn)
		if c.exempt(addr) {
			return conn, nil
		}
		if holder := holderOf(addr); c.take(holder) {
			return &counted{Conn: conn, release: sync.OnceFunc(func() { c.give(holder) })}, nil
		}
		conn.Close()
	}
}

func addressOf(conn net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// holderOf is what connections are counted for.
func holderOf(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a.WithZone(""), bits).Masked()
}

func (c *capped) exempt(a netip.Addr) bool {
	if !a.IsValid() || a.IsLoopback() {
		return true
	}
	for _, p := range c.free {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (c *capped) take(a netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[a] >= c.limit {
		return false
	}
	c.open[a]++
	return true
}

func (c *capped) give(a netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[a]--; c.open[a] <= 0 {
		delete(c.open, a)
	}
}

type counted struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.release()
	return c.Conn.Close()
}
