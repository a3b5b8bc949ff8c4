package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Limits of every call (SS3).
const (
	ConnectTimeout = 2 * time.Second // resolving and connecting; the TLS handshake has as long again
	TotalTimeout   = 5 * time.Second // from Do to the last byte
	MaxBody        = 64 << 10        // bytes, unless a request says otherwise
	maxHeader      = 16 << 10
)

// Options of New.
type Options struct {
	// AllowPrivate are networks that may be reached although Special
	// (egress.allow_private_networks). Plain http goes nowhere else.
	AllowPrivate []netip.Prefix
	// CA are certificates in PEM, trusted beside the system's (egress.ca_file).
	CA []byte
	// Resolver finds addresses. Default net.DefaultResolver.
	Resolver Resolver
}

// Resolver is what is needed of *net.Resolver.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Client calls out. It is safe for concurrent use.
type Client struct{ secure, plain *http.Transport }

// Request is one call. Body may be nil; MaxBody 0 means the package's.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	// MaxBody is how many bytes of the answer are wanted.
	MaxBody int64
}

// Response is an answer, redirects included: they are not followed (SS2).
type Response struct {
	Status int
	Header http.Header
	// Body is as it was sent: nothing is decompressed.
	Body []byte
	// Truncated: the answer was longer than MaxBody.
	Truncated bool
}

// New returns a client. The error is a CA file without a certificate.
func New(o Options) (*Client, error) {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	roots, err := Roots(o.CA)
	if err != nil {
		return nil, err
	}
	return newClient(&guard{allow: o.AllowPrivate, resolver: o.Resolver, dial: new(net.Dialer).DialContext}, roots), nil
}

// Roots are the system's authorities and those of ca, in PEM; nil, which means
// the system's, when ca is empty.
func Roots(ca []byte) (*x509.CertPool, error) {
	if len(ca) == 0 {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("egress: the CA file holds no PEM certificate")
	}
	return roots, nil
}

func newClient(g *guard, roots *x509.CertPool) *Client {
	return &Client{secure: transport(g.dialSecure, roots), plain: transport(g.dialPlain, roots)}
}

// transport is HTTP/1.1 only, with no proxy, whatever the environment says
// (SS8): Transport.Proxy stays nil.
func transport(dial dialFunc, roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    ConnectTimeout,
		DisableCompression:     true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    16, // a lane of the outbox
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		Protocols:              http1(),
	}
}

func http1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// Do sends a request and reads the answer, whatever its status. The errors are
// this package's, or the context's own cancellation.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	u, err := parse(r.URL)
	if err != nil {
		return Response{}, err
	}
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, TotalTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return Response{}, ErrBlocked
	}
	for k, v := range r.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Foyer")
	}
	t := c.secure
	if u.Scheme == "http" {
		t = c.plain
	}
	// A transport alone: no redirects, no cookies, no Referer.
	res, err := t.RoundTrip(req)
	if err != nil {
		return Response{}, generic(parent, err)
	}
	defer res.Body.Close()
	return read(parent, res, r.MaxBody)
}

func read(parent context.Context, res *http.Response, limit int64) (Response, error) {
	if limit <= 0 {
		limit = MaxBody
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return Response{}, generic(parent, err)
	}
	out := Response{Status: res.StatusCode, Header: res.Header, Body: body}
	if int64(len(body)) > limit {
		out.Body, out.Truncated = body[:limit:limit], true
	}
	return out, nil
}

// Get fetches a document: a 200 of at most limit bytes, or ErrResponse.
func (c *Client) Get(ctx context.Context, url string, limit int64) ([]byte, error) {
	res, err := c.Do(ctx, Request{Method: http.MethodGet, URL: url, MaxBody: limit,
		Header: http.Header{"Accept": {"application/json"}}})
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK || res.Truncated {
		return nil, ErrResponse
	}
	return res.Body, nil
}

// Close drops idle connections.
func (c *Client) Close() {
	c.secure.CloseIdleConnections()
	c.plain.CloseIdleConnections()
}
