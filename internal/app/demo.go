package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/demo"
	"github.com/foyer-id/foyer/internal/inbox"
)

// The demo account. Its password is known to everybody, so the demo runs on
// loopback names only (SU5).
const (
	demoIdentifier = "ada@example.com"
	demoPassword   = "correct horse battery staple"
)

// demoNetworks is where Foyer calls the demo, to tell it of sign-outs: one
// address, and only with --demo (SS1).
var demoNetworks = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 32)}

// demonstration is the demo application on its own port and, as applications
// are in production, on another site than Foyer.
type demonstration struct {
	listener net.Listener
	base     string
	clients  []client.Spec
	inbox    *inbox.Inbox // nil: mails go to a mail server
}

// prepareDemo registers the demo's clients and account in the first tenant and
// opens its port: the one after Foyer's, or any that is free.
func (s *Server) prepareDemo(ctx context.Context) (*demonstration, error) {
	if !client.Loopback(s.Config.PublicURL().Hostname()) {
		return nil, errors.New("--demo makes an account whose password everybody knows; it runs on a loopback public_url only, such as http://localhost:8080")
	}
	l, err := listenAfter(ctx, s.Config.Listen)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d := &demonstration{listener: l, base: "http://" + l.Addr().String()}
	d.clients = demo.Clients(d.base)
	for i := range d.clients {
		on := true
		d.clients[i].SelfRegistration = &on
	}
	doc := &Document{Tenant: DefaultTenant, Clients: &d.clients, Accounts: []AccountSpec{{
		Email: demoIdentifier, EmailVerified: true, Password: demoPassword,
		AccountClaims: AccountClaims{GivenName: "Ada", FamilyName: "Lovelace"},
	}}}
	if _, err := Apply(ctx, s.Core, []*Document{doc}, ApplyOptions{AtStart: true}); err != nil {
		return nil, errors.Join(fmt.Errorf("demo: %w", err), l.Close())
	}
	return d, nil
}

// listenAfter listens on 127.0.0.1 at the port after that of address, or at any
// free one.
func listenAfter(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	if _, port, err := net.SplitHostPort(address); err == nil {
		if n, err := strconv.Atoi(port); err == nil && n > 0 {
			if l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n+1))); err == nil {
				return l, nil
			}
		}
	}
	return lc.Listen(ctx, "tcp", "127.0.0.1:0")
}

// serve answers until ctx ends.
func (d *demonstration) serve(ctx context.Context, issuer string, out io.Writer, log *slog.Logger) error {
	o := demo.Options{Issuer: issuer, Base: d.base, Clients: d.clients, Inbox: d.inbox}
	o.Account.Identifier, o.Account.Password = demoIdentifier, demoPassword
	application, err := demo.New(o)
	if err != nil {
		return errors.Join(fmt.Errorf("demo: %w", err), d.listener.Close())
	}
	fmt.Fprintf(out, "\nThe demo application is at %s\n  sign in with %s and the password %s\n", d.base, demoIdentifier, demoPassword)
	if d.inbox != nil {
		fmt.Fprintf(out, "  mails are shown at %s/mail\n", d.base)
	}
	srv := httpServer(application.Handler())
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	go func() {
		if err := srv.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			log.ErrorContext(ctx, "demo stopped", "err", err)
		}
	}()
	return nil
}

// openInbox gives a demo without mail a mail server on this machine, whose mails
// the demo shows. An operator's own is left alone.
func (c *Core) openInbox(ctx context.Context) (*inbox.Inbox, error) {
	if c.mails() {
		return nil, nil
	}
	box, err := inbox.Open(ctx, inbox.Options{Now: c.Now})
	if err != nil {
		return nil, err
	}
	cfg := *c.Config
	cfg.Mail = config.Mail{From: "no-reply@localhost", SMTP: config.SMTP{Host: box.Addr().Addr().String(), Port: int(box.Addr().Port())}}
	c.Config = &cfg
	context.AfterFunc(ctx, func() { _ = box.Close() })
	go func() {
		if err := box.Serve(); err != nil {
			c.Log.ErrorContext(ctx, "inbox stopped", "err", err)
		}
	}()
	return box, nil
}
