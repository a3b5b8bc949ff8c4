package op

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// bearerToken returns the access token of a request: in the Authorization
// header or in the form body of a POST, not both (RFC 6750 §2), and never in the
// address, where it would end up in logs (RFC 9700 §4.3.2). "" when it has none.
func bearerToken(r *http.Request) (string, error) {
	if q, err := oidc.ParseForm(r.URL.RawQuery); err == nil && q.Has("access_token") {
		return "", oidc.Refuse(oidc.InvalidRequest, "RFC 9700 §4.3.2", "send the access token in the Authorization header, not in the address")
	}
	header, err := web.Bearer(r)
	if err != nil {
		return "", err
	}
	inBody, err := bearerBody(r)
	switch {
	case err != nil:
		return "", err
	case header != "" && inBody != "":
		return "", oidc.Refuse(oidc.InvalidRequest, "RFC 6750 §2", "the request has two access tokens; send one")
	case header != "":
		return header, nil
	}
	return inBody, nil
}

// bearerBody: any other body than a form is nobody's business.
func bearerBody(r *http.Request) (string, error) {
	if r.Method != http.MethodPost {
		return "", nil
	}
	if media, _, err := mediaType(r.Header.Get("Content-Type")); err != nil || media != urlencoded {
		return "", nil
	}
	b, err := web.ReadBody(r)
	if err != nil {
		return "", err
	}
	f, refusal := oidc.ParseForm(b)
	if refusal == nil {
		refusal = f.Repeated()
	}
	if refusal != nil {
		return "", refusal
	}
	return f.Get("access_token"), nil
}
