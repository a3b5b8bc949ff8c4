package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

const (
	// attemptTime bounds everything one mail takes, well below
	// outbox.AttemptTime, so that its outcome is still recorded.
	attemptTime = 15 * time.Second
	// answerTime bounds the wait for a connection and for each answer.
	answerTime = 6 * time.Second
	// implicitTLS is the port where TLS comes first (RFC 8314 §3.3).
	implicitTLS = 465
)

// SMTP is the operator's submission server (RFC 6409).
type SMTP struct {
	Host         string
	Port         int
	Username     string
	PasswordFile string // read at each attempt, so that a new password needs no restart
	HELO         string // how this server calls itself
	CA           []byte // PEM, further certificate authorities
	// Private are networks in which the operator accepts a server without TLS,
	// as for plain http (egress.allow_private_networks).
	Private []netip.Prefix
}

// Deliver hands one mail over. It never speaks in the clear beyond loopback
// names and addresses that Private allows, and never sends a password there.
// What goes wrong after the server has taken the mail is no error: a second
// attempt would be a second mail.
func (s *SMTP) Deliver(ctx context.Context, m Mail) error {
	msg, err := m.message()
	if err != nil {
		return err
	}
	return s.with(ctx, func(c *mail.Client, conn *smtp.Client) error {
		if err := c.SendWithSMTPClient(conn, msg); err != nil && !msg.IsDelivered() {
			return err
		}
		return nil
	})
}

// Try connects as for a mail: greeting, TLS and password, and no more.
func (s *SMTP) Try(ctx context.Context) error {
	return s.with(ctx, func(*mail.Client, *smtp.Client) error { return nil })
}

// with opens a connection for do and says goodbye.
func (s *SMTP) with(ctx context.Context, do func(*mail.Client, *smtp.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	options, err := s.options(ctx)
	if err != nil {
		return err
	}
	c, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	conn, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	// Each answer has its own time; a server that takes it every time is cut off here.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := do(c, conn); err != nil {
		_ = conn.Close()
		return err
	}
	_ = c.CloseWithSMTPClient(conn) // QUIT: what was taken is taken
	return nil
}

func (s *SMTP) options(ctx context.Context) ([]mail.Option, error) {
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	o := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(answerTime),
		mail.WithTLSConfig(&tls.Config{ServerName: s.Host, RootCAs: roots, MinVersion: tls.VersionTLS12}),
	}
	if s.HELO != "" {
		o = append(o, mail.WithHELO(s.HELO))
	}
	switch {
	case s.Port == implicitTLS:
		o = append(o, mail.WithSSL())
	case s.near(ctx):
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Username == "" {
		return o, nil
	}
	password, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("mail.smtp.password_file: %w", err)
	}
	// PLAIN, LOGIN and SCRAM, the strongest that the server offers; none of
	// them in the clear but to this very machine.
	return append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username),
		mail.WithPassword(strings.TrimRight(string(password), "\r\n"))), nil
}

func (s *SMTP) roots() (*x509.CertPool, error) {
	if len(s.CA) == 0 {
		return nil, nil // the system's
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(s.CA) {
		return nil, fmt.Errorf("egress.ca_file holds no certificate")
	}
	return pool, nil
}

// near tells whether TLS may be missing: every address of the server is this
// machine's, or one that the operator allows; and no password is sent.
func (s *SMTP) near(ctx context.Context) bool {
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", s.Host)
	if err != nil || len(list) == 0 {
		return false
	}
	for _, a := range list {
		a = a.Unmap()
		if !a.IsLoopback() && (s.Username != "" || !contains(s.Private, a)) {
			return false
		}
	}
	return true
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
