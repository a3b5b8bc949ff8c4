package egress

import (
	"crypto/x509"
	"net/http"
	"time"
)

// Operator returns a client for addresses that the operator configured for the
// server itself, such as a collector of traces: they may be anywhere, so there
// is no address guard. Never for an address that somebody else can set. No
// proxy, no redirects, five seconds; roots nil is the system's.
func Operator(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport:     transport(nil, roots),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       5 * time.Second,
	}
}
