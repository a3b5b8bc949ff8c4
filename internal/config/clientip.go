package config

import (
	"net/netip"
	"slices"
)

// ClientIP says who is calling. remote is the peer of the connection; xff and
// forwarded are the values of X-Forwarded-For and Forwarded (RFC 7239), one per
// header line, in order; trusted are the proxies. RL3, E14.
//
// Headers count only when remote is trusted. Then the list is walked from the
// right, where the nearest proxy wrote, to the first hop that is not trusted:
// what stands left of it was written by that hop and proves nothing. When all
// hops are trusted the leftmost is the caller.
//
// The result is the zero Addr, which no network contains, when the caller cannot
// be known: a trusted hop named no usable address, or the two headers disagree
// (proxies write one of them and pass the other through from the client, and
// which one is not known here). Falling back to the proxy's address instead
// would let a forged header pass lists of allowed networks, where the proxy is.
//
// Zones are dropped and IPv4-mapped addresses unmapped, so that an address has
// one form.
func ClientIP(remote netip.Addr, xff, forwarded []string, trusted []netip.Prefix) netip.Addr {
	remote = canonical(remote)
	if !trusts(trusted, remote) {
		return remote
	}
	xffHops, fwdHops := forwardedForHops(xff), forwardedHops(forwarded)
	switch {
	case len(fwdHops) == 0:
		return walk(remote, xffHops, trusted)
	case len(xffHops) == 0:
		return walk(remote, fwdHops, trusted)
	}
	a, b := walk(remote, xffHops, trusted), walk(remote, fwdHops, trusted)
	if a != b {
		return netip.Addr{}
	}
	return a
}

// walk takes hops from left to right; the zero Addr stands for one that named no
// usable address.
func walk(remote netip.Addr, hops []netip.Addr, trusted []netip.Prefix) netip.Addr {
	ip := remote
	for _, hop := range slices.Backward(hops) {
		ip = hop
		if !trusts(trusted, ip) {
			break
		}
	}
	return ip
}

func trusts(trusted []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func canonical(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
