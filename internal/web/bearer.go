package web

import (
	"net/http"
	"strings"

	"github.com/foyer-id/foyer/internal/oidc"
)

// Bearer returns the access token in the Authorization header (RFC 6750 §2.1),
// "" when there is none: another scheme is no token for us.
func Bearer(r *http.Request) (string, error) {
	headers := r.Header["Authorization"]
	switch len(headers) {
	case 0:
		return "", nil
	case 1:
		scheme, value, _ := strings.Cut(headers[0], " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", nil
		}
		return strings.TrimLeft(value, " "), nil
	}
	return "", oidc.Refuse(oidc.InvalidRequest, "RFC 6750 §3.1", "the request has more than one Authorization header")
}
