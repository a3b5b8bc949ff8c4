package web

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/foyer-id/foyer/internal/oidc"
)

// Form reads the parameters of a request: the query of a GET; of a POST the
// body, which must be urlencoded. Parameters in the query of a POST count too,
// so that one in each is a repetition (AZ4).
func Form(r *http.Request) (oidc.Form, error) {
	if r.Method != http.MethodPost {
		f, err := oidc.ParseForm(r.URL.RawQuery)
		return f, orNil(err)
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
		return oidc.Form{}, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §3.2", "send the parameters as application/x-www-form-urlencoded")
	}
	body, err := ReadBody(r)
	if err != nil {
		return oidc.Form{}, err
	}
	f, ferr := oidc.ParseForm(r.URL.RawQuery, body)
	return f, orNil(ferr)
}

// ReadBody returns the whole body. One that stops in the middle is the
// sender's doing and no fault of ours; one that is too large stays an
// *http.MaxBytesError.
func ReadBody(r *http.Request) (string, error) {
	b, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		return "", &Refused{Status: http.StatusBadRequest, Code: "incomplete_request", Detail: "the body of the request did not arrive", Err: err}
	}
	return string(b), err
}

func orNil(e *oidc.Error) error {
	if e == nil {
		return nil
	}
	return e
}
