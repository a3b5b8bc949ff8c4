package op

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/web"
)

const (
	urlencoded = "application/x-www-form-urlencoded"
	formData   = "multipart/form-data"
)

// postForm reads the parameters of an endpoint that takes them in a POST body
// only, each once (RFC 6749 §3.2, TK8): what is in the address ends up in logs.
func postForm(r *http.Request) (oidc.Form, error) {
	if r.URL.RawQuery != "" {
		return oidc.Form{}, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §3.2", "send the parameters in the body, not in the address")
	}
	encoded, err := body(r)
	if err != nil {
		return oidc.Form{}, err
	}
	f, refusal := oidc.ParseForm(encoded)
	if refusal == nil {
		refusal = f.Repeated()
	}
	if refusal != nil {
		return oidc.Form{}, refusal
	}
	return f, nil
}

// body returns the body as application/x-www-form-urlencoded. Samples of the
// seed product send multipart/form-data, so its dialect alone takes that too
// (spec/tokens.md §1).
func body(r *http.Request) (string, error) {
	media, params, err := mediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == urlencoded:
		return web.ReadBody(r)
	case err == nil && media == formData && web.From(r.Context()).Tenant.Dialect == tenant.Akamai:
		return multipartBody(multipart.NewReader(r.Body, params["boundary"]))
	}
	return "", oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §3.2", "send the parameters as application/x-www-form-urlencoded")
}

// mediaType is mime.ParseMediaType with a short way for what nearly all send.
func mediaType(contentType string) (string, map[string]string, error) {
	if contentType == urlencoded {
		return urlencoded, nil, nil
	}
	return mime.ParseMediaType(contentType)
}

// multipartBody turns the fields of a multipart body into urlencoded ones, so
// that one parser and its limits judge both.
func multipartBody(parts *multipart.Reader) (string, error) {
	malformed := func(err error) error {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return &oidc.Error{Code: oidc.InvalidRequest, Cite: "RFC 7578 §4", Err: err,
			Description: "the multipart body is malformed; send application/x-www-form-urlencoded"}
	}
	var out strings.Builder
	for n := 0; n <= oidc.MaxParams; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return "", malformed(err)
		}
		value, err := io.ReadAll(part)
		if err != nil || part.FormName() == "" || part.FileName() != "" {
			return "", malformed(err)
		}
		out.WriteString(url.QueryEscape(part.FormName()) + "=" + url.QueryEscape(string(value)) + "&")
	}
	return out.String(), nil // more than MaxParams: ParseForm says so
}
