package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// PublicURL is public_url without a trailing slash, or, when that is not set,
// http(s)://localhost with the port of listen. It is nil when invalid.
func (s *Server) PublicURL() *url.URL {
	u, err := parsePublicURL(s.publicURL())
	if err != nil {
		return nil
	}
	return u
}

func (s *Server) publicURL() string {
	if s.BaseURL != "" {
		return strings.TrimSuffix(s.BaseURL, "/")
	}
	scheme, usual := "http", "80"
	if s.TLS.Certificate != "" {
		scheme, usual = "https", "443"
	}
	_, port, err := net.SplitHostPort(s.Listen)
	if err != nil || port == usual {
		return scheme + "://localhost"
	}
	return scheme + "://localhost:" + port
}

// TrustedProxies is trusted_proxies; an invalid item, which Validate reports, is
// left out, here and in the lists below.
func (s *Server) TrustedProxies() []netip.Prefix { return parseNetworks(s.Proxies) }

// AdminNetworks is admin.allowed_networks; none means no restriction.
func (s *Server) AdminNetworks() []netip.Prefix { return parseNetworks(s.Admin.Networks) }

// EgressNetworks is egress.allow_private_networks.
func (s *Server) EgressNetworks() []netip.Prefix { return parseNetworks(s.Egress.Networks) }

// MailFrom is mail.from, nil when mail is not configured or it is invalid.
func (s *Server) MailFrom() *mail.Address {
	a, err := mail.ParseAddress(s.Mail.From)
	if err != nil {
		return nil
	}
	return a
}

// LogLevel is log.level, info when it is invalid.
func (s *Server) LogLevel() slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(s.Log.Level)) != nil {
		return slog.LevelInfo
	}
	return l
}

func parseNetworks(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		if p, err := parseNetwork(text); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// parseNetwork takes 10.0.0.0/8 and the single address 10.1.2.3. An IPv4 network
// in IPv6 clothes (::ffff:10.0.0.0/104) is the IPv4 network, as ClientIP unmaps.
func parseNetwork(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, aerr := netip.ParseAddr(text)
		if aerr != nil || a.Zone() != "" {
			return netip.Prefix{}, errors.New("expected a network such as 10.0.0.0/8 or an address such as 10.1.2.3")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, errors.New("expected an IPv4 network as in 10.0.0.0/8")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if m := p.Masked(); m != p {
		return netip.Prefix{}, fmt.Errorf("has bits outside its mask; write %s, or %s alone", m, p.Addr())
	}
	return p, nil
}

// parsePublicURL holds the rules of an issuer's base: it is compared as a string
// by every client (OIDC Discovery §4.3), so there must be one way to write it.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("expected an address such as https://id.example.com")
	}
	usual := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	switch {
	case u.User != nil:
		return nil, errors.New("holds a user name or password; leave it out")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return nil, errors.New("holds a query or fragment; an issuer has neither (OIDC Discovery §3)")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("plain http is for loopback names only; write https://%s", u.Host+u.Path)
	case u.Host != strings.ToLower(u.Host) || !strings.HasPrefix(text, u.Scheme):
		return nil, errors.New("holds capitals in scheme or host; write them small, as browsers do")
	case u.Port() == usual || strings.HasSuffix(u.Host, ":"):
		return nil, errors.New("names the usual port; leave it out, as browsers do")
	case u.RawPath != "" || u.Path == "/" || (u.Path != "" && path.Clean(u.Path) != u.Path):
		return nil, errors.New("holds a path with escapes, dots or empty segments; write it plain")
	}
	return u, nil
}

func (v *validator) publicURL(text string) {
	if text == "" {
		return // the default is valid whenever listen is
	}
	if _, err := parsePublicURL(strings.TrimSuffix(text, "/")); err != nil {
		v.add("public_url", err.Error())
	}
}

// endpoint checks an address that Foyer calls. No user info: it would be logged.
func (v *validator) endpoint(key, text string, confidential bool) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		v.add(key, "expected an address such as https://host.example.com/path")
	case u.User != nil:
		v.add(key, "holds a user name or password; leave it out")
	case confidential && u.Scheme == "http" && !isLoopback(u.Hostname()):
		v.add(key, "plain http would show the messages to the network; use https")
	}
}

// isLoopback takes the names that browsers keep on the machine (W3C Secure
// Contexts §3.1): localhost, names below it, 127.0.0.0/8 and ::1.
func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.IsLoopback()
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
