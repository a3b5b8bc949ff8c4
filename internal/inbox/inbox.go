package inbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	kept    = 100       // mails; older ones make room
	maxMail = 256 << 10 // bytes
)

// Options change what the inbox does; the zero value takes everything.
type Options struct {
	Now func() time.Time // default time.Now
	// TLS offers STARTTLS; with Implicit it comes first.
	TLS      *tls.Config
	Implicit bool
	// Username and Password are asked for when set.
	Username, Password string
	// Judge may refuse a recipient; an *smtp.SMTPError is answered as it is.
	Judge func(to string) error
}

// Inbox keeps mails, newest first.
type Inbox struct {
	o        Options
	listener net.Listener
	server   *smtp.Server

	mu    sync.Mutex
	mails []Mail
	next  int
	news  chan struct{} // closed when a mail comes
}

// Open listens on any free port of this machine.
func Open(ctx context.Context, o Options) (*Inbox, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Inbox{o: o, listener: l, news: make(chan struct{})}
	if o.Implicit {
		b.listener = tls.NewListener(l, o.TLS)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{b: b}, nil }))
	s.Domain, s.MaxMessageBytes, s.MaxRecipients = "localhost", maxMail, 10
	s.ReadTimeout, s.WriteTimeout = 10*time.Second, 10*time.Second
	s.AllowInsecureAuth, s.EnableSMTPUTF8 = true, true
	if o.TLS != nil && !o.Implicit {
		s.TLSConfig, s.AllowInsecureAuth = o.TLS, false
	}
	s.ErrorLog = quiet{}
	b.server = s
	return b, nil
}

// quiet drops what the library would print about broken connections.
type quiet struct{}

// Printf implements smtp.Logger.
func (quiet) Printf(string, ...any) {}

// Println implements smtp.Logger.
func (quiet) Println(...any) {}

// Serve takes mails until Close.
func (b *Inbox) Serve() error {
	if err := b.server.Serve(b.listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("inbox: %w", err)
	}
	return nil
}

// Close ends Serve.
func (b *Inbox) Close() error { return b.server.Close() }

// Addr is where it listens.
func (b *Inbox) Addr() netip.AddrPort { return netip.MustParseAddrPort(b.listener.Addr().String()) }

// Mails are those kept, newest first.
func (b *Inbox) Mails() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Mail, 0, len(b.mails))
	for i := len(b.mails) - 1; i >= 0; i-- {
		out = append(out, b.mails[i])
	}
	return out
}

// News is closed when the next mail comes.
func (b *Inbox) News() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.news
}

// Find returns the mail of a number.
func (b *Inbox) Find(id int) (Mail, bool) {
	for _, m := range b.Mails() {
		if m.ID == id {
			return m, true
		}
	}
	return Mail{}, false
}

func (b *Inbox) keep(m Mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	m.ID = b.next
	b.mails = append(b.mails, m)
	if len(b.mails) > kept {
		b.mails = b.mails[1:]
	}
	close(b.news)
	b.news = make(chan struct{})
}

// visit is one connection.
type visit struct {
	b    *Inbox
	in   bool
	from string
	to   []string
}

var errSignIn = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "sign in first"}

// AuthMechanisms implements smtp.AuthSession.
func (v *visit) AuthMechanisms() []string {
	if v.b.o.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != v.b.o.Username || password != v.b.o.Password {
			return smtp.ErrAuthFailed
		}
		v.in = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if v.b.o.Username != "" && !v.in {
		return errSignIn
	}
	v.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	if v.b.o.Judge != nil {
		if err := v.b.o.Judge(to); err != nil {
			return err
		}
	}
	v.to = append(v.to, to)
	return nil
}

// Data implements smtp.Session.
func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := read(raw)
	m.At, m.Sender, m.Recipients = v.b.o.Now(), v.from, v.to
	v.b.keep(m)
	return nil
}

// Reset implements smtp.Session.
func (v *visit) Reset() { v.from, v.to = "", nil }

// Logout implements smtp.Session.
func (v *visit) Logout() error { return nil }
