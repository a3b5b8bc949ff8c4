package tenant

import "net/url"

// Live is a tenant as requests meet it: with what its configuration means under
// this server's public URL, worked out once for each version.
type Live struct {
	*Tenant
	Issuer   string // exact
	Base     string // URL without trailing slash
	BasePath string // path of Base, "" at a host's root
	Origin   string // scheme://host[:port] of Base
	Secure   bool   // Base is https: cookies are Secure and named __Host-
}

// Resolve works out what a tenant means under a public URL, for who has no
// Directory.
func Resolve(t *Tenant, publicURL *url.URL) *Live { return newLive(t, publicURL) }

func newLive(t *Tenant, publicURL *url.URL) *Live {
	l := &Live{Tenant: t, Issuer: t.Issuer(publicURL), Base: t.Base(publicURL)}
	if u, err := url.Parse(l.Base); err == nil {
		l.BasePath = u.Path
		l.Origin = u.Scheme + "://" + u.Host
		l.Secure = u.Scheme == "https"
	}
	return l
}

// IssuerPath is the path of the issuer, for RFC 8414 §3.1.
func (l *Live) IssuerPath() string {
	u, err := url.Parse(l.Issuer)
	if err != nil {
		return ""
	}
	return u.Path
}
