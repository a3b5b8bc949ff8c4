package egress

import (
	"net/netip"
	"slices"
)

// special are the addresses that are not somebody's public server (SS1): the
// IANA special-purpose registries (RFC 6890), multicast, and the metadata
// services of clouds that live outside of them.
var special = prefixes(
	"0.0.0.0/8",       // this network, RFC 791 §3.2
	"10.0.0.0/8",      // private, RFC 1918
	"100.64.0.0/10",   // carrier-grade NAT, RFC 6598; metadata of Alibaba
	"127.0.0.0/8",     // loopback
	"168.63.129.16",   // metadata of Azure
	"169.254.0.0/16",  // link-local, RFC 3927; metadata of most clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments, RFC 6890; metadata of Oracle
	"192.0.2.0/24",    // documentation, RFC 5737
	"192.31.196.0/24", // AS112, RFC 7535
	"192.52.193.0/24", // AMT, RFC 7450
	"192.88.99.0/24",  // 6to4 relays, RFC 7526
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112, RFC 7534
	"198.18.0.0/15",   // benchmarking, RFC 2544
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
	"2001::/23",       // protocol assignments; Teredo, ORCHID, benchmarking
	"2001:db8::/32",   // documentation, RFC 3849
	"2002::/16",       // 6to4, RFC 3056: an IPv4 address inside
	"2620:4f:8000::/48",
	"3fff::/20", // documentation, RFC 9637
)

// global is all of IPv6 that is ever routed to a public server (RFC 4291 §2.4):
// outside are ::, ::1, v4-compatible and v4-mapped, NAT64, unique local,
// link-local, site-local, multicast, and what is not assigned.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out[i] = netip.PrefixFrom(a, a.BitLen())
			continue
		}
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Special tells whether a is an address that no outgoing call may reach unless
// an operator allows it. An IPv4 address in IPv6 clothes is judged as IPv4.
func Special(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || (a.Is6() && !global.Contains(a)) {
		return true
	}
	return within(special, a)
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
