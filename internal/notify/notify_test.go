package notify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/foyer-id/foyer/internal/inbox"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

var (
	galleryDir = flag.String("gallery", "", "write every mail into this directory, to look at")
	noon       = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	sealer     = secret.NewSealer(secret.DeriveKey([]byte("test"), "mail"))
)

// every has one letter of each text, with everything it may have.
func every() []letter.Letter {
	at := noon.UnixMicro()
	l := func(text letter.Text, code, link string) letter.Letter {
		return letter.Letter{Text: text, To: "ada@example.com", Locale: "en", Code: code, Link: link, At: 0}
	}
	list := []letter.Letter{
		l(letter.Confirm, "314159", "/register/link?t=fo_rl_x"), l(letter.Exists, "", "/login"),
		l(letter.Reset, "271828", "/forgot-password/link?t=fo_pl_x"), l(letter.NoAccount, "", "/login"), l(letter.Unusable, "", ""),
		l(letter.PasswordChanged, "", "/login/not-me?t=x"), l(letter.SignedIn, "", "/login/not-me?t=x"), l(letter.Trial, "", ""),
	}
	for i := range list {
		if list[i].Text == letter.PasswordChanged || list[i].Text == letter.SignedIn {
			list[i].At, list[i].Address = at, "203.0.113.9"
			list[i].UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
		}
	}
	return list
}

func live(name, accent string) *tenant.Live {
	t := tenant.New("acme")
	t.DisplayName, t.Settings.Branding.Accent = name, accent
	return tenant.Resolve(t, &url.URL{Scheme: "https", Host: "id.example.com"})
}

func TestEveryLetterInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "fr", "ar"} {
		for _, l := range every() {
			l.Locale = tag
			m, err := Compose(live("Northwind", "#2f5bea"), l, "id@example.com")
			if err != nil {
				t.Fatal(err)
			}
			for part, s := range map[string]string{"subject": m.Subject, "text": m.Text, "HTML": m.HTML} {
				for _, bad := range []string{"{", "mail." + string(l.Text), "ZgotmplZ", "<no value>", "%!"} {
					if part != "HTML" && strings.Contains(s, bad) || part == "HTML" && bad != "{" && strings.Contains(s, bad) {
						t.Errorf("%s %s: %s has %q:\n%s", tag, l.Text, part, bad, s)
					}
				}
			}
			if !strings.Contains(m.HTML, "Northwind") || !strings.Contains(m.Text, "Northwind") || m.Subject == "" {
				t.Errorf("%s %s does not say who sends it", tag, l.Text)
			}
			if l.Link != "" && (!strings.Contains(m.Text, "\nhttps://id.example.com/acme"+l.Link+"\n") || !strings.Contains(m.HTML, `href="https://id.example.com/acme`+l.Link+`"`)) {
				t.Errorf("%s %s has no link:\n%s", tag, l.Text, m.Text)
			}
			for _, remote := range []string{"<img", "src=", "url(", "@import", "<script", "<link"} {
				if strings.Contains(m.HTML, remote) {
					t.Errorf("%s %s fetches something: %s", tag, l.Text, remote)
				}
			}
			if *galleryDir != "" {
				for accent, color := range map[string]string{"blue": "#2f5bea", "yellow": "#ffcc00"} {
					m, err := Compose(live("Northwind", color), l, "")
					if err == nil {
						err = os.WriteFile(filepath.Join(*galleryDir, tag+"-"+string(l.Text)+"-"+accent+".html"), []byte(m.HTML), 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

// TestRE10_NothingEndsAHeader: names are one line and short, an address is one
// address, and whatever an operator called a tenant is text.
func TestRE10_NothingEndsAHeader(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"a@x.example\r\nBcc: b@y.example", "a@x.example,b@y.example", "a@x.example;b@y.example", "a@x.example b@y.example",
		"A <a@x.example>", `"a@x.example"@y.example`, "a@x@y.example", "@x.example", "a@", "a", "", "a@x.example\x00", "a\u2028@x.example"} {
		if _, err := Compose(live("Northwind", ""), letter.Letter{Text: letter.Confirm, To: to}, ""); err == nil {
			t.Errorf("%q is one address", to)
		}
	}
	evil := "Evil\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>\u202e" + strings.Repeat("long ", 100)
	box := serve(t, inbox.Options{})
	m, err := Compose(live(evil, `red;}</style><script>`), letter.Letter{Text: letter.Confirm, To: "ada@example.com", Code: "123456"}, "x@example.com")
	if err != nil {
		t.Fatal(err)
	}
	m.From = "no-reply@example.com"
	if err := to(box).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := box.Mails()[0]
	if len(got.Recipients) != 1 || got.Recipients[0] != "ada@example.com" || got.Header.Get("Bcc") != "" || got.Header.Get("To") != "<ada@example.com>" {
		t.Errorf("to %q, headers %v", got.Recipients, got.Header)
	}
	if strings.Contains(got.HTML, "<script") || strings.Contains(got.Subject, "\n") || len([]rune(got.From)) > 100 {
		t.Errorf("from %q, subject %q\n%s", got.From, got.Subject, got.HTML)
	}
	if got.Code() != "123456" || !strings.Contains(got.HTML, "123 456") {
		t.Errorf("the code is gone:\n%s", got.Text)
	}
}

func serve(t *testing.T, o inbox.Options) *inbox.Inbox {
	t.Helper()
	box, err := inbox.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- box.Serve() }()
	t.Cleanup(func() { _ = box.Close(); <-done })
	return box
}

func to(b *inbox.Inbox) *SMTP { return &SMTP{Host: "127.0.0.1", Port: int(b.Addr().Port())} }

// certificate is one for 127.0.0.1, signed by itself.
func certificate(t *testing.T) (*tls.Config, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func password(t *testing.T, s string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(s+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheConnectionIsSafe(t *testing.T) {
	t.Parallel()
	config, ca := certificate(t)
	starttls := serve(t, inbox.Options{TLS: config, Username: "u", Password: "p"})
	plain := serve(t, inbox.Options{Username: "u", Password: "p"})
	for _, c := range []struct {
		name string
		box  *inbox.Inbox
		with func(*SMTP)
		want string // of the error, "" for none
	}{
		{"STARTTLS and the right password", starttls, func(s *SMTP) { s.CA, s.Username, s.PasswordFile = ca, "u", password(t, "p") }, ""},
		{"a wrong password", starttls, func(s *SMTP) { s.CA, s.Username, s.PasswordFile = ca, "u", password(t, "q") }, "535"},
		{"a certificate of nobody", starttls, func(s *SMTP) { s.Username, s.PasswordFile = "u", password(t, "p") }, "certificate"},
		{"a password file that is gone", starttls, func(s *SMTP) { s.CA, s.Username, s.PasswordFile = ca, "u", "/nowhere" }, "password_file"},
		{"no TLS: no password leaves", plain, func(s *SMTP) { s.Username, s.PasswordFile = "u", password(t, "p") }, "SMTP Auth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := to(c.box)
			c.with(s)
			err := s.Try(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && Advise(err, s.Port) == "" {
				t.Error("no advice")
			}
		})
	}
}

// TestBeyondThisMachineTLSIsNeeded: near is what decides whether it may be missing.
func TestBeyondThisMachineTLSIsNeeded(t *testing.T) {
	t.Parallel()
	private := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name string
		s    SMTP
		near bool
	}{
		{"loopback", SMTP{Host: "127.0.0.1"}, true},
		{"a private address", SMTP{Host: "10.1.2.3"}, false},
		{"a private address that the operator allows", SMTP{Host: "10.1.2.3", Private: private}, true},
		{"the same with a password", SMTP{Host: "10.1.2.3", Private: private, Username: "u"}, false},
		{"a public address", SMTP{Host: "192.0.2.1", Private: private}, false},
	} {
		if got := c.s.near(t.Context()); got != c.near {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

type tenants struct{ *tenant.Live }

func (s tenants) Refresh(context.Context, time.Time) (int64, error) { return 1, nil }
func (s tenants) Find(string) (*tenant.Live, bool)                  { return s.Live, s.Live != nil }

func sender(transport Transport) (*Sender, *bytes.Buffer) {
	var log bytes.Buffer
	return &Sender{Tenants: tenants{live("Northwind", "")}, Transport: transport, From: "no-reply@example.com", Sealer: sealer,
		Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(&log, nil)), Stretch: func(d time.Duration) time.Duration { return d }}, &log
}

func job(l letter.Letter, attempts int, since time.Time) outbox.Job {
	j := l.Seal(sealer, "acme", "u1")
	j.Tenant, j.ID, j.Attempts, j.Since, j.CreatedAt = "acme", 1, attempts, since.UnixMicro(), since.UnixMicro()
	return j
}

// TestWhatComesOfAnAttempt: each answer of a server, and no server.
func TestWhatComesOfAnAttempt(t *testing.T) {
	t.Parallel()
	refuse := func(code int) *SMTP {
		return to(serve(t, inbox.Options{Judge: func(to string) error { return &smtp.SMTPError{Code: code, Message: "no " + to} }}))
	}
	good, gone := serve(t, inbox.Options{}), to(serve(t, inbox.Options{}))
	gone.Port = 1
	l := letter.Letter{Text: letter.Reset, To: "ada@example.com", Code: "123456", Until: noon.Add(30 * time.Minute).UnixMicro()}
	notice := letter.Letter{Text: letter.PasswordChanged, To: "ada@example.com"}
	for _, c := range []struct {
		name      string
		transport Transport
		job       outbox.Job
		state     outbox.State
		answer    string
		wait      time.Duration
	}{
		{"taken", to(good), job(l, 1, noon), outbox.Delivered, "accepted by the mail server", 0},
		{"not wanted", refuse(550), job(l, 1, noon), outbox.Refused, "SMTP 550", 0},
		{"not now", refuse(451), job(l, 1, noon), outbox.Pending, "SMTP 451", 5 * time.Second},
		{"not now, the fourth time", refuse(451), job(l, 4, noon), outbox.Pending, "SMTP 451", 40 * time.Second},
		{"not now, the fortieth time", refuse(451), job(notice, 40, noon), outbox.Pending, "SMTP 451", 5 * time.Minute},
		{"nobody there", gone, job(l, 1, noon), outbox.Pending, "no connection", 5 * time.Second},
		{"not now, and the code is about to expire", refuse(451), job(letter.Letter{Text: letter.Reset, To: "ada@example.com", Until: noon.Add(4 * time.Second).UnixMicro()}, 1, noon), outbox.Dead, "SMTP 451", 0},
		{"the code has expired", to(good), job(letter.Letter{Text: letter.Reset, To: "ada@example.com", Until: noon.UnixMicro()}, 1, noon), outbox.Dead, "what it carries has expired", 0},
		{"a notice after a day", refuse(451), job(notice, 200, noon.Add(-24*time.Hour)), outbox.Dead, "SMTP 451", 0},
		{"an address that is none", to(good), job(letter.Letter{Text: letter.Reset, To: "a@b,c@d"}, 1, noon), outbox.Refused, "the address cannot be written to", 0},
		{"another master key", to(good), outbox.Job{Tenant: "other", Payload: job(l, 1, noon).Payload}, outbox.Refused, "it was sealed with another master key", 0},
		{"no mail configured", nil, job(l, 1, noon), outbox.Pending, "no connection", 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, log := sender(c.transport)
			o := s.Send(t.Context(), c.job)
			if o.State != c.state || o.Answer != c.answer {
				t.Errorf("%s %q", o.State, o.Answer)
			}
			if c.wait > 0 && o.Next != noon.Add(c.wait).UnixMicro() {
				t.Errorf("again after %s", time.UnixMicro(o.Next).Sub(noon))
			}
			if settled := o.State != outbox.Pending; settled != (o.Payload != nil && *o.Payload == "") {
				t.Error("a settled letter is erased, one that waits is kept")
			}
			if strings.Contains(o.Answer+log.String(), "ada@") {
				t.Errorf("the address is in %q %s", o.Answer, log)
			}
		})
	}
}

// TestL5_AServerThatNeverAnswers: an attempt ends well before its lease.
func TestL5_AServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s, _ := sender(&SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port})
	start := time.Now()
	o := s.Send(t.Context(), job(letter.Letter{Text: letter.Exists, To: "ada@example.com"}, 1, noon))
	if took := time.Since(start); took > outbox.AttemptTime-2*time.Second {
		t.Errorf("took %s", took)
	}
	if o.State != outbox.Pending || o.Answer != "no answer in time" || !o.Failing {
		t.Errorf("%+v", o)
	}
}

func TestTheMailIsTheSameAtEachAttempt(t *testing.T) {
	t.Parallel()
	box := serve(t, inbox.Options{})
	s, _ := sender(to(box))
	j := job(every()[0], 1, noon)
	s.Send(t.Context(), j)
	s.Send(t.Context(), j)
	mails := box.Mails()
	if len(mails) != 2 || mails[0].Header.Get("Message-Id") != mails[1].Header.Get("Message-Id") || mails[0].Header.Get("Message-Id") == "" {
		t.Fatalf("%d mails, %q", len(mails), mails[0].Header.Get("Message-Id"))
	}
	m := mails[0]
	if m.From != `"Northwind" <no-reply@example.com>` || m.Sender != "no-reply@example.com" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("from %q %q", m.From, m.Sender)
	}
	if m.Link() != "https://id.example.com/acme/register/link?t=fo_rl_x" || m.Code() != "314159" {
		t.Errorf("%q %q", m.Link(), m.Code())
	}
}
