package client

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/token"
)

// assertionType is the only client_assertion_type (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxBasic bounds an Authorization header in bytes.
const maxBasic = 8 << 10

// Credentials are what a request says about its client, proved or not.
type Credentials struct {
	Method    string // one of the methods; MethodNone when there is a client_id alone
	ClientID  string
	Secret    string
	Assertion string
	// Network is where the request comes from, for counting failures: the door
	// sets it.
	Network string
}

// String is redacted.
func (c Credentials) String() string { return c.Method + " " + printable(c.ClientID) }

// counter is what failures are charged to. The method is part of it: only the
// registered one can succeed, so the others are no further guesses, and who
// sends secrets for a public client from behind an address that many share must
// not lock out those who rightly send none.
func (c Credentials) counter() string { return c.Method + " " + c.ClientID + " " + c.Network }

// refuse is the one description of every failure that depends on the client, so
// that unknown, disabled and wrong are the same answer.
func refuse(cause error) *oidc.Error {
	return &oidc.Error{Code: oidc.InvalidClient, Cite: "RFC 6749 §5.2", Err: cause,
		Description: "client authentication failed: the client is unknown or disabled, its credentials are wrong, or this is not its registered token_endpoint_auth_method"}
}

// ParseCredentials reads the client's credentials from the Authorization header
// and the parameters of a request (RFC 6749 §2.3.1, RFC 7521 §4.2). Two methods
// at once are invalid_request, unreadable or absent ones invalid_client. An
// empty client_secret is absent (spec/tokens.md §1).
func ParseCredentials(authorization string, f oidc.Form) (Credentials, *oidc.Error) {
	if err := f.Repeated(); err != nil {
		return Credentials{}, err
	}
	var c Credentials
	var err *oidc.Error
	switch {
	case authorization != "":
		c, err = basicCredentials(authorization, f)
	case f.Has("client_assertion") || f.Has("client_assertion_type"):
		c, err = assertionCredentials(f)
	case f.Has("client_secret"):
		c = Credentials{Method: MethodPost, ClientID: f.Get("client_id"), Secret: f.Get("client_secret")}
	default:
		c = Credentials{Method: MethodNone, ClientID: f.Get("client_id")}
	}
	switch {
	case err != nil:
		return Credentials{}, err
	case c.ClientID == "":
		return Credentials{}, oidc.Refuse(oidc.InvalidClient, "RFC 6749 §3.2.1", "the request has no client credentials; authenticate with the registered method, or send client_id for a public client")
	case len(c.ClientID) > 200 || !visible(c.ClientID) || len(c.Secret) > maxSecret:
		return Credentials{}, refuse(nil)
	}
	return c, nil
}

// basicCredentials decodes strictly: a client that does not encode its
// credentials meets invalid_client and the reason (CA5, E4).
func basicCredentials(header string, f oidc.Form) (Credentials, *oidc.Error) {
	malformed := func(what string) (Credentials, *oidc.Error) {
		return Credentials{}, oidc.Refuse(oidc.InvalidClient, "RFC 6749 §2.3.1", "the Authorization header "+what)
	}
	scheme, encoded, _ := strings.Cut(header, " ")
	switch {
	case len(header) > maxBasic:
		return malformed("is longer than 8 KiB")
	case !strings.EqualFold(scheme, "Basic"): // RFC 9110 §11.1
		return malformed("must be Basic")
	case f.Has("client_secret") || f.Has("client_assertion") || f.Has("client_assertion_type"):
		return Credentials{}, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §2.3", "the request authenticates the client in two ways; use one")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // the decoder skips line ends
		return malformed("is not base64 of client_id:client_secret")
	}
	id, password, ok := strings.Cut(string(raw), ":")
	if !ok {
		return malformed("is not base64 of client_id:client_secret")
	}
	id, errID := url.QueryUnescape(id)
	password, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil {
		return malformed("must have client_id and client_secret form-urlencoded before base64")
	}
	if body := f.Get("client_id"); body != "" && body != id {
		return Credentials{}, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §2.3", "client_id differs from the one in the Authorization header")
	}
	if password == "" {
		return Credentials{Method: MethodNone, ClientID: id}, nil
	}
	return Credentials{Method: MethodBasic, ClientID: id, Secret: password}, nil
}

// assertionCredentials finds out whom an assertion claims to be from; a
// client_id beside it must be the same (RFC 7521 §4.2).
func assertionCredentials(f oidc.Form) (Credentials, *oidc.Error) {
	switch {
	case f.Has("client_secret"):
		return Credentials{}, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §2.3", "the request authenticates the client in two ways; use one")
	case !f.Has("client_assertion") || !f.Has("client_assertion_type"):
		return Credentials{}, oidc.Refuse(oidc.InvalidRequest, "RFC 7521 §4.2", "client_assertion and client_assertion_type belong together")
	case f.Get("client_assertion_type") != assertionType:
		return Credentials{}, oidc.Refuse(oidc.InvalidClient, "RFC 7523 §2.2", "client_assertion_type must be "+assertionType)
	}
	peek, err := token.PeekClientAssertion(f.Get("client_assertion"))
	if err != nil {
		return Credentials{}, asRefusal(err)
	}
	if id := f.Get("client_id"); id != "" && id != peek.Sub {
		return Credentials{}, oidc.Refuse(oidc.InvalidClient, "RFC 7521 §4.2", "client_id differs from the sub of client_assertion")
	}
	return Credentials{Method: MethodPrivateKeyJWT, ClientID: peek.Sub, Assertion: f.Get("client_assertion")}, nil
}
