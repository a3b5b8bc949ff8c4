package oidc

// Code is an error code of the protocol, sent as "error".
type Code string

const (
	// RFC 6749 §4.1.2.1 and §5.2
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	InvalidScope            Code = "invalid_scope"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	UnsupportedResponseType Code = "unsupported_response_type"
	AccessDenied            Code = "access_denied"
	ServerError             Code = "server_error"
	TemporarilyUnavailable  Code = "temporarily_unavailable"
	// OIDC Core §3.1.2.6
	InteractionRequired      Code = "interaction_required"
	LoginRequired            Code = "login_required"
	AccountSelectionRequired Code = "account_selection_required"
	ConsentRequired          Code = "consent_required"
	InvalidRequestURI        Code = "invalid_request_uri"
	InvalidRequestObject     Code = "invalid_request_object"
	RequestNotSupported      Code = "request_not_supported"
	RequestURINotSupported   Code = "request_uri_not_supported"
	RegistrationNotSupported Code = "registration_not_supported"
	// Unmet Authentication Requirements 1.0 §2
	UnmetAuthenticationRequirements Code = "unmet_authentication_requirements"
	// RFC 8707 §2
	InvalidTarget Code = "invalid_target"
	// RFC 7009 §2.2.1
	UnsupportedTokenType Code = "unsupported_token_type"
	// RFC 6750 §3.1
	InvalidToken      Code = "invalid_token"
	InsufficientScope Code = "insufficient_scope"
)

// Error is a refusal: a Code for programs, a Description for the developer
// that says what to change and is safe to show, and the clause it rests on.
// Err, when set, is the cause; it is logged and never shown.
type Error struct {
	Code        Code
	Description string
	Cite        string
	Err         error
}

// Error implements error.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Description
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refuse returns a refusal without a cause.
func Refuse(code Code, cite, description string) *Error {
	return &Error{Code: code, Description: description, Cite: cite}
}
