package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/throttle"
)

// Status is an error that is only an HTTP status.
type Status int

// Error implements error.
func (s Status) Error() string { return http.StatusText(int(s)) }

// Refused is an answer without a place to redirect to: a status and a short
// code that pages show and explain (spec/product.md, Errors).
type Refused struct {
	Status     int
	Code       string
	Detail     string // for the developer; shown
	RetryAfter time.Duration
	Err        error // logged only
}

// Error implements error.
func (e *Refused) Error() string {
	s := fmt.Sprintf("%d %s", e.Status, e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Refused) Unwrap() error { return e.Err }

// Panic is a handler's panic as an error.
type Panic struct{ Value any }

// Error implements error.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// temporary is implemented by faults that pass: a database out of reach, a full
// queue. They become 503 with Retry-After.
type temporary interface{ RetryAfter() time.Duration }

// paged is implemented by refusals that know their page: a request with nowhere
// to redirect to.
type paged interface {
	Page() (status int, code, detail string)
}

// Refuse turns any error into what is answered: the one table from errors to
// statuses.
func Refuse(err error) *Refused {
	var (
		refused *Refused
		status  Status
		large   *http.MaxBytesError
		proto   *oidc.Error
		temp    temporary
		page    paged
		limited *throttle.ErrLimited
	)
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &status):
		return &Refused{Status: int(status), Code: strings.ReplaceAll(strings.ToLower(http.StatusText(int(status))), " ", "_")}
	case errors.As(err, &large):
		return &Refused{Status: http.StatusRequestEntityTooLarge, Code: "request_too_large", Err: err}
	case errors.As(err, &page):
		status, code, detail := page.Page()
		return &Refused{Status: status, Code: code, Detail: detail}
	case errors.As(err, &limited): // RL7
		return &Refused{Status: http.StatusTooManyRequests, Code: "too_many_requests", RetryAfter: limited.RetryAfter, Err: err}
	case errors.As(err, &temp):
		return &Refused{Status: http.StatusServiceUnavailable, Code: string(oidc.TemporarilyUnavailable), RetryAfter: temp.RetryAfter(), Err: err}
	case errors.As(err, &proto):
		return &Refused{Status: statusOf(proto.Code), Code: string(proto.Code), Detail: proto.Description, Err: proto.Err}
	}
	return &Refused{Status: http.StatusInternalServerError, Code: string(oidc.ServerError), Err: err}
}

func statusOf(c oidc.Code) int {
	switch c {
	case oidc.InvalidClient, oidc.InvalidToken:
		return http.StatusUnauthorized
	case oidc.InsufficientScope:
		return http.StatusForbidden
	case oidc.TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// JSON writes v as JSON that no cache keeps.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	NoStore(w.Header())
	return Body(w, status, jsonType, b)
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)

// NoStore forbids caches to keep the answer.
func NoStore(h http.Header) { h["Cache-Control"] = noStore }

// Body writes a complete body.
func Body(w http.ResponseWriter, status int, contentType []string, b []byte) error {
	h := w.Header()
	h["Content-Type"] = contentType
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	w.WriteHeader(status)
	_, err := w.Write(b)
	return err
}

// HTTPException writes the body that seed 001 documents for errors with nowhere
// to redirect to.
func HTTPException(w http.ResponseWriter, status int) error {
	type details struct {
		Message string `json:"message"`
	}
	return JSON(w, status, struct {
		Error   string  `json:"error"`
		Details details `json:"error_details"`
	}{"http_exception", details{http.StatusText(status)}})
}

// OAuthError writes an error of RFC 6749 §5.2.
func OAuthError(w http.ResponseWriter, status int, code oidc.Code, description string) error {
	return JSON(w, status, struct {
		Error       oidc.Code `json:"error"`
		Description string    `json:"error_description,omitempty"`
	}{code, description})
}

// WantsHTML tells whether Accept lists text/html with a weight above zero.
func WantsHTML(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept") {
		for item := range strings.SplitSeq(line, ",") {
			media, params, _ := strings.Cut(item, ";")
			if strings.EqualFold(strings.TrimSpace(media), "text/html") && !zeroWeight(params) {
				return true
			}
		}
	}
	return false
}

func zeroWeight(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(k, "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return err != nil || q <= 0
		}
	}
	return false
}

// Redirect answers 303 (RFC 9110 §15.4.4; never 307: AZ8).
func Redirect(w http.ResponseWriter, location string) error {
	h := w.Header()
	NoStore(h)
	h["Location"] = []string{location}
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Prefetched tells whether a browser asks ahead of the person (Sec-Purpose):
// such a request changes nothing (spec/logout.md §1.5).
func Prefetched(r *http.Request) bool { return r.Header.Get("Sec-Purpose") != "" }

// Navigation tells whether the request is a top-level navigation as far as the
// browser says.
func Navigation(r *http.Request) bool {
	d := r.Header.Get("Sec-Fetch-Dest")
	return (d == "" || d == "document") && !Prefetched(r)
}
