package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// Grade is how a check went.
type Grade string

// The grades. Only Wrong makes foyer doctor fail.
const (
	Fine   Grade = "ok"
	Notice Grade = "notice" // to know, nothing to do
	Warn   Grade = "warning"
	Wrong  Grade = "wrong"
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Grade  Grade  `json:"grade"`
	Found  string `json:"found"`
	Change string `json:"change,omitempty"` // what to do about it
}

// Diagnosis is what foyer doctor found, in the order it looked.
type Diagnosis struct {
	Checks []Check `json:"checks"`
}

// Healthy tells whether nothing is wrong.
func (d *Diagnosis) Healthy() bool {
	for _, c := range d.Checks {
		if c.Grade == Wrong {
			return false
		}
	}
	return true
}

func (d *Diagnosis) add(name string, g Grade, found, change string) {
	d.Checks = append(d.Checks, Check{name, g, found, change})
}

// maxDrift is how far this machine's clock may be from the database's: half of
// the second that nodes may disagree by without anyone noticing.
const maxDrift = 500 * time.Millisecond

// Doctor looks at everything that a running server depends on and changes
// nothing. It goes on after a failure as far as it can.
//
// With mailTo set it also sends a mail there.
func Doctor(ctx context.Context, cfg *config.Server, env Env, mailTo string) *Diagnosis {
	env = env.withDefaults()
	env.Create = false
	d := &Diagnosis{}
	d.publicURL(cfg)
	d.certificate(cfg, env.Now())
	d.mail(ctx, cfg, mailTo)
	d.sending(cfg)
	d.files(cfg)
	db, err := OpenDatabase(ctx, cfg, env)
	var broken fileError
	switch {
	case errors.Is(err, ErrNoDatabase):
		d.add("database", Notice, "there is none at "+cfg.Database.String()+" yet", "start foyer serve, or run foyer migrate")
		return d
	case errors.As(err, &broken):
		d.add("database", Wrong, broken.error.Error(), broken.change())
		return d
	case err != nil:
		d.add("database", Wrong, err.Error(), "correct database in foyer.yaml")
		return d
	}
	defer db.Close()
	if d.database(ctx, cfg, db, env.Now) {
		d.core(ctx, cfg, env, db)
	}
	return d
}

func (d *Diagnosis) publicURL(cfg *config.Server) {
	u := cfg.PublicURL()
	direct := !cfg.IsSet("trusted_proxies")
	listen, _, _ := net.SplitHostPort(cfg.Listen)
	switch {
	case u == nil:
		d.add("public URL", Wrong, "public_url is not valid", "write an address such as https://id.example.com")
		return
	case local(cfg) && client.Loopback(listen):
		d.add("public URL", Fine, u.String()+", for this machine only", "")
	case local(cfg):
		d.add("public URL", Warn, u.String()+" is for this machine only, but listen "+cfg.Listen+" is open to others",
			"set public_url to the https address that browsers use")
	case cfg.TLS.Certificate != "":
		d.add("public URL", Fine, u.String()+", TLS by Foyer itself", "")
	case direct:
		d.add("public URL", Warn, u.String()+" is https, but Foyer has no certificate and trusts no proxy",
			"list the proxy that ends TLS in trusted_proxies, or set tls.certificate and tls.key")
	default:
		d.add("public URL", Fine, u.String()+", TLS by a proxy", "")
	}
	if direct {
		d.add("proxy headers", Notice, "X-Forwarded-For and Forwarded are not believed: every request comes from its connection's address",
			"behind a proxy, list its networks in trusted_proxies")
	} else {
		d.add("proxy headers", Fine, "believed from "+strings.Join(cfg.Proxies, ", "), "")
	}
}

// renewAhead is how long before its end a certificate should have been renewed.
const renewAhead = 14 * 24 * time.Hour

// certificate looks at what browsers look at: the name and the time.
func (d *Diagnosis) certificate(cfg *config.Server, now time.Time) {
	u := cfg.PublicURL()
	if cfg.TLS.Certificate == "" || u == nil {
		return
	}
	const renew = "renew it, and restart Foyer"
	pair, err := certificate(cfg.TLS)
	if err != nil {
		d.add("certificate", Wrong, err.Error(), "")
		return
	}
	leaf, end := pair.Leaf, pair.Leaf.NotAfter.UTC().Format(time.DateOnly)
	switch err := leaf.VerifyHostname(u.Hostname()); {
	case err != nil:
		d.add("certificate", Wrong, err.Error(), "use one for the host of public_url")
	case now.After(leaf.NotAfter):
		d.add("certificate", Wrong, "has expired: it was good until "+end, renew)
	case now.Before(leaf.NotBefore):
		d.add("certificate", Wrong, "is not good before "+leaf.NotBefore.UTC().Format(time.RFC3339), "set this machine's clock, or use another")
	case leaf.NotAfter.Sub(now) < renewAhead:
		d.add("certificate", Warn, "is good until "+end, renew)
	default:
		d.add("certificate", Fine, "is for "+u.Hostname()+", good until "+end, "")
	}
}

func (d *Diagnosis) sending(cfg *config.Server) {
	if cfg.SMS.Webhook.URL == "" {
		d.add("SMS", Notice, "is not sent by this release: numbers stay unverified", "")
	} else {
		d.add("SMS", Warn, "is configured, but this release does not send text messages yet", "")
	}
	switch {
	case cfg.Admin.Listen != "":
		d.add("admin", Fine, "the administrative API listens at "+cfg.Admin.Listen+" alone", "")
	case len(cfg.Admin.Networks) > 0:
		d.add("admin", Fine, "the administrative API is for "+strings.Join(cfg.Admin.Networks, ", "), "")
	case !local(cfg):
		d.add("admin", Notice, "the administrative API answers at the public address, to clients with its scopes", "set admin.listen or admin.allowed_networks")
	}
}

// files are those the configuration names: there, and private where they are
// secrets (SU5).
func (d *Diagnosis) files(cfg *config.Server) {
	for _, f := range []struct {
		key, file string
		others    fs.FileMode
	}{
		{"tls.key", cfg.TLS.Key, 0o007},
		{"mail.smtp.password_file", cfg.Mail.SMTP.PasswordFile, 0o007},
		{"sms.webhook.secret_file", cfg.SMS.Webhook.SecretFile, 0o007}, {"egress.ca_file", cfg.Egress.CAFile, 0},
	} {
		if f.file == "" || f.key == "mail.smtp.password_file" && cfg.MailFrom() != nil { // said with the mail server
			continue
		}
		if err := CheckPrivate(f.file, f.others); err != nil {
			d.add(f.key, Wrong, err.Error(), "correct the file or its mode")
		}
	}
	for _, file := range cfg.Apply {
		data, err := os.ReadFile(file)
		if err == nil {
			_, err = ParseDocuments(file, data)
		}
		if err != nil {
			d.add("apply", Wrong, err.Error(), "correct the file: foyer serve refuses to start with it")
		}
	}
}

// database tells whether the schema is there, so that more can be looked at.
func (d *Diagnosis) database(ctx context.Context, cfg *config.Server, db *sqlstore.DB, now func() time.Time) bool {
	before := now()
	if err := db.Ping(ctx); err != nil {
		d.add("database", Wrong, "cannot be reached: "+err.Error(), "start it, or correct database in foyer.yaml")
		return false
	}
	f, err := db.Facts(ctx)
	if err != nil {
		d.add("database", Wrong, err.Error(), "look at the database's own log")
		return false
	}
	d.add("database", Fine, f.Version+" at "+cfg.Database.String(), "")
	if f.Lasting {
		d.add("durability", Fine, "an answered change outlives a power cut", "")
	} else {
		d.add("durability", Wrong, f.Weak+": an answered change may be lost", "switch it on in the database's configuration")
	}
	d.clock(f.Now, before, now())
	pending, err := db.Pending(ctx)
	switch {
	case err != nil:
		d.add("migrations", Wrong, err.Error(), "use the release that the database belongs to")
	case len(pending) > 0:
		d.add("migrations", Wrong, fmt.Sprintf("%d are missing: %s", len(pending), strings.Join(pending, ", ")), "run foyer migrate")
	default:
		d.add("migrations", Fine, "all applied", "")
		return true
	}
	return false
}

// clock compares with the database's, which was read between two moments here.
func (d *Diagnosis) clock(theirs, before, after time.Time) {
	if theirs.IsZero() {
		if after.Year() < 2026 {
			d.add("clock", Wrong, "says "+after.UTC().Format(time.RFC3339), "set this machine's clock")
			return
		}
		d.add("clock", Fine, after.UTC().Format(time.RFC3339), "")
		return
	}
	drift := max(before.Sub(theirs), theirs.Sub(after), 0)
	if drift > maxDrift {
		d.add("clock", Wrong, fmt.Sprintf("differs from the database's by %v", drift.Round(time.Millisecond)), "let both machines follow the same time server")
		return
	}
	d.add("clock", Fine, "agrees with the database's", "")
}
