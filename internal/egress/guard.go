package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// guard stands between a name and a connection.
type guard struct {
	allow    []netip.Prefix
	resolver Resolver
	dial     dialFunc
}

// maxAddresses bounds how many answers of a name are tried.
const maxAddresses = 4

func (g *guard) dialSecure(ctx context.Context, _, address string) (net.Conn, error) {
	return g.connect(ctx, address, false)
}

func (g *guard) dialPlain(ctx context.Context, _, address string) (net.Conn, error) {
	return g.connect(ctx, address, true)
}

// connect resolves once, judges every answer, and dials an address that was
// judged: a second lookup could answer differently (DNS rebinding, SS1).
func (g *guard) connect(ctx context.Context, address string, plain bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, ConnectTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrBlocked
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, ErrBlocked
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if !g.permits(a, plain) {
			return nil, ErrBlocked // one bad answer spoils the name
		}
	}
	return g.first(ctx, addrs[:min(len(addrs), maxAddresses)], uint16(number))
}

func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addrs, err := g.resolver.LookupNetIP(ctx, "ip", host)
	switch {
	case ctx.Err() != nil:
		return nil, ErrTimeout
	case err != nil || len(addrs) == 0:
		return nil, ErrResolve
	}
	out := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		out[i] = a.Unmap() // resolvers hand out IPv4 in both forms
	}
	return out, nil
}

// permits tells whether an address may be reached: any public one by https,
// otherwise those that the operator allowed.
func (g *guard) permits(a netip.Addr, plain bool) bool {
	return within(g.allow, a) || !plain && !Special(a)
}

// first dials the addresses in order, each with its share of the time left, so
// that one that does not answer does not take all of it.
func (g *guard) first(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	deadline, _ := ctx.Deadline()
	last := ErrConnect
	for i, a := range addrs {
		share := time.Until(deadline) / time.Duration(len(addrs)-i)
		attempt, cancel := context.WithTimeout(ctx, share)
		conn, err := g.dial(attempt, "tcp", netip.AddrPortFrom(a, port).String())
		cancel()
		if err == nil {
			return conn, nil
		}
		if last = ErrConnect; timedOut(err) {
			last = ErrTimeout
		}
	}
	return nil, last
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
