package authz

import (
	"strings"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Checked is what Validate looks at.
type Checked struct {
	Tenant    *tenant.Live
	Client    *client.Client
	Request   *oidc.AuthRequest
	Resources []tenant.Resource
	Parse     *oidc.Error // what ParseAuthRequest found
}

// Validate runs the checks whose failures go back to the client, in one
// declared order; the first failure is the answer.
func Validate(c Checked) *oidc.Error {
	for _, check := range checks {
		if err := check(&c); err != nil {
			return err
		}
	}
	return nil
}

var checks = []func(*Checked) *oidc.Error{
	func(c *Checked) *oidc.Error { return c.Parse }, checkRequestObject,
	checkResponseType, checkResponseMode, checkGrantAllowed, checkStateRequired,
	checkChallenge, checkRequestURI, checkResources,
}

func checkResponseType(c *Checked) *oidc.Error {
	switch c.Request.ResponseType {
	case "code":
		return nil
	case "":
		return oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §4.1.1", "response_type is missing; send response_type=code")
	}
	// RFC 9700 §2.1.2: no implicit grant.
	return oidc.Refuse(oidc.UnsupportedResponseType, "RFC 6749 §3.1.1", "response_type must be code")
}

func checkResponseMode(c *Checked) *oidc.Error {
	switch mode := c.Request.ResponseMode; mode {
	case "", c.Request.Mode():
		return nil
	case oidc.ModeFormPost:
		return oidc.Refuse(oidc.InvalidRequest, "Form Post Response Mode §2", "response_mode=form_post needs an https or http redirect_uri; use query")
	}
	return oidc.Refuse(oidc.InvalidRequest, "OAuth Multiple Response Types §2.1", "response_mode must be query, fragment or form_post")
}

func checkGrantAllowed(c *Checked) *oidc.Error {
	if c.Client.AllowsGrant("authorization_code") {
		return nil
	}
	return oidc.Refuse(oidc.UnauthorizedClient, "RFC 6749 §4.1.2.1", "this client may not use authorization_code; add it to its grant_types")
}

func checkStateRequired(c *Checked) *oidc.Error {
	if c.Client.RequireState && c.Request.State == "" {
		return oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §10.12", "state is missing and this client requires it")
	}
	return nil
}

// PKCERequired tells whether a request of c must carry a challenge: public
// clients always (RFC 9700 §2.1.1), others where tenant or client says so.
func PKCERequired(t *tenant.Live, c *client.Client) bool {
	switch {
	case c.Public():
		return true
	case c.RequirePKCE != nil:
		return *c.RequirePKCE
	}
	return t.Settings.RequirePKCE
}

func checkChallenge(c *Checked) *oidc.Error {
	ch, method := c.Request.CodeChallenge, c.Request.CodeChallengeMethod
	switch {
	case ch == "" && PKCERequired(c.Tenant, c.Client):
		return oidc.Refuse(oidc.InvalidRequest, "RFC 7636 §4.4.1", "code_challenge is missing; use PKCE with code_challenge_method=S256")
	case ch == "" && method == "":
		return nil
	case ch == "":
		return oidc.Refuse(oidc.InvalidRequest, "RFC 7636 §4.3", "code_challenge_method was sent without code_challenge")
	case method != "S256": // absent means plain (RFC 7636 §4.3), which is refused
		return oidc.Refuse(oidc.InvalidRequest, "RFC 9700 §2.1.1", "code_challenge_method must be S256")
	case len(ch) < 43 || len(ch) > 128 || strings.ContainsFunc(ch, notUnreserved):
		return oidc.Refuse(oidc.InvalidRequest, "RFC 7636 §4.2", "code_challenge must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~")
	}
	return nil
}

func notUnreserved(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~", r))
}

// checkRequestObject: objects were verified when they arrived; one that is still
// here was not good (OIDC Core §3.1.2.6).
func checkRequestObject(c *Checked) *oidc.Error {
	if c.Request.Request == "" {
		return nil
	}
	return oidc.Refuse(oidc.InvalidRequestObject, "RFC 9101 §6", "the request object could not be verified; sign it with a registered key, aud the issuer, and an exp within 60 minutes")
}

// checkRequestURI: nothing is ever fetched (SS4); pushed requests arrive with
// their endpoint.
func checkRequestURI(c *Checked) *oidc.Error {
	if c.Request.RequestURI == "" {
		return nil
	}
	if strings.HasPrefix(c.Request.RequestURI, "urn:ietf:params:oauth:request_uri:") {
		return oidc.Refuse(oidc.InvalidRequestURI, "RFC 9126 §2.2", "request_uri is unknown or has expired")
	}
	return oidc.Refuse(oidc.RequestURINotSupported, "OIDC Core §6.2", "request_uri is not supported; send the parameters themselves or a request object")
}

func checkResources(c *Checked) *oidc.Error {
	return grant.CheckResources(c.Tenant, c.Resources, c.Request.Resource)
}
