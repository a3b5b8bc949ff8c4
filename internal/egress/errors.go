package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// Errors of Do. They carry no cause: an error of the network quotes what the
// other side sent, and texts end up in answers, logs and audit records (SS5).
var (
	ErrBlocked  = errors.New("egress: address not allowed")
	ErrResolve  = errors.New("egress: name does not resolve")
	ErrConnect  = errors.New("egress: no connection")
	ErrTLS      = errors.New("egress: certificate or TLS handshake refused")
	ErrTimeout  = errors.New("egress: no answer in time")
	ErrResponse = errors.New("egress: answer is not usable")
)

// generic reduces an error of the network to one of ours; only the caller's
// own cancellation passes through.
func generic(parent context.Context, err error) error {
	for _, ours := range []error{ErrBlocked, ErrResolve, ErrTimeout, ErrConnect} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	if errors.Is(parent.Err(), context.Canceled) {
		return context.Canceled
	}
	var (
		timeout net.Error
		alert   tls.AlertError
		record  tls.RecordHeaderError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	case errors.As(err, &alert), errors.As(err, &record), errors.As(err, &cert), errors.As(err, &unknown):
		return ErrTLS
	}
	return ErrResponse
}
