package rp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxBody bounds what is read of any answer, in bytes.
const maxBody = 1 << 20

// Error is a refusal by the provider: of an authorization request, when Status
// is 0 (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6), or by an endpoint.
type Error struct {
	Status      int    // HTTP status, 0 for an authorization response
	Code        string // "login_required", "invalid_grant", …
	Description string // by the provider, for developers; not to be trusted as HTML
}

func (e *Error) Error() string {
	s := "rp: the provider refused: " + e.Code
	if e.Description != "" {
		s += ": " + e.Description
	}
	return s
}

func (p *Provider) getJSON(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	status, _, body, err := p.do(req)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answered %d", address, status)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}

// do sends a request and reads the whole answer.
func (p *Provider) do(req *http.Request) (status int, header http.Header, body []byte, err error) {
	res, err := p.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }() // what matters has been read
	body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return 0, nil, nil, err
	}
	if len(body) > maxBody {
		return 0, nil, nil, fmt.Errorf("%s answered more than %d bytes", req.URL.Redacted(), maxBody)
	}
	return res.StatusCode, res.Header, body, nil
}

// post sends a form with the client's credentials (RFC 6749 §2.3.1) and reads
// the answer of a success as JSON into the value, unless that is nil.
func (c *Client) post(ctx context.Context, endpoint string, form url.Values, into any) error {
	basic := false
	switch {
	case c.cfg.ClientSecret == "":
		form.Set("client_id", c.cfg.ClientID)
	case c.cfg.SecretInBody:
		form.Set("client_id", c.cfg.ClientID)
		form.Set("client_secret", c.cfg.ClientSecret)
	default:
		basic = true
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if basic {
		req.SetBasicAuth(url.QueryEscape(c.cfg.ClientID), url.QueryEscape(c.cfg.ClientSecret))
	}
	status, header, body, err := c.p.do(req)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return refusal(status, header, body)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", endpoint, err)
	}
	return nil
}

// refusal reads an error answer (RFC 6749 §5.2, RFC 6750 §3).
func refusal(status int, header http.Header, body []byte) *Error {
	e := &Error{Status: status}
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); kind == "application/json" && json.Unmarshal(body, &said) == nil {
		e.Code, e.Description = said.Error, said.Description
	}
	if e.Code == "" {
		e.Code, e.Description = bearerError(header.Get("WWW-Authenticate"))
	}
	if e.Code == "" {
		e.Code = strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "_"))
	}
	return e
}

// bearerError reads error and error_description of a challenge (RFC 6750 §3).
func bearerError(challenge string) (code, description string) {
	read := func(name string) string {
		_, rest, ok := strings.Cut(challenge, name+`="`)
		if !ok {
			return ""
		}
		value, _, _ := strings.Cut(rest, `"`)
		return value
	}
	return read(`error`), read(`error_description`)
}
