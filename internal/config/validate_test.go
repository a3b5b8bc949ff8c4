package config

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSU5_PublicURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"https://id.example.com", "https://id.example.com"},
		{"https://id.example.com/", "https://id.example.com"},
		{"https://id.example.com:8443/login", "https://id.example.com:8443/login"},
		{"http://localhost:8080", "http://localhost:8080"},
		{"http://id.localhost", "http://id.localhost"},
		{"http://127.8.9.1:1", "http://127.8.9.1:1"},
		{"http://[::1]:8080", "http://[::1]:8080"},

		{"http://id.example.com", "plain http is for loopback names only; write https://id.example.com"},
		{"http://10.0.0.1:8080/x", "plain http is for loopback names only; write https://10.0.0.1:8080/x"},
		{"http://localhost.example.com", "plain http is for loopback names only; write https://localhost.example.com"},
		{"http://[::1%25lo]", "plain http is for loopback names only"},
		{"https://u:p@id.example.com", "holds a user name or password; leave it out"},
		{"https://id.example.com?x=y", "holds a query or fragment"},
		{"https://id.example.com/?", "holds a query or fragment"},
		{"https://id.example.com/#", "holds a query or fragment"},
		{"https://ID.example.com", "holds capitals in scheme or host"},
		{"HTTPS://id.example.com", "holds capitals in scheme or host"},
		{"https://id.example.com:443", "names the usual port; leave it out"},
		{"https://id.example.com:", "names the usual port; leave it out"},
		{"https://id.example.com//", "holds a path with escapes, dots or empty segments"},
		{"https://id.example.com/a/../b", "holds a path with escapes, dots or empty segments"},
		{"https://id.example.com/a%2fb", "holds a path with escapes, dots or empty segments"},
		{"id.example.com", "expected an address such as https://id.example.com"},
		{"ftp://id.example.com", "expected an address such as https://id.example.com"},
		{"https:///x", "expected an address such as https://id.example.com"},
		{"https://:8443", "expected an address such as https://id.example.com"},
		{"%", "expected an address such as https://id.example.com"},
	} {
		s := Defaults()
		s.BaseURL = c.in
		findings := s.Validate()
		switch {
		case strings.Contains(c.want, " "):
			if len(findings) != 1 || findings[0].Path != "public_url" || !strings.HasPrefix(findings[0].Message, c.want) {
				t.Errorf("%s: %v, want %s", c.in, findings, c.want)
			}
			if s.PublicURL() != nil {
				t.Errorf("%s: invalid and yet %s", c.in, s.PublicURL())
			}
		case len(findings) != 0 || s.PublicURL().String() != c.want:
			t.Errorf("%s: %v, %v; want %s", c.in, findings, s.PublicURL(), c.want)
		}
	}
}

func TestDefaultPublicURLFollowsListener(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ listen, certificate, want string }{
		{":9000", "", "http://localhost:9000"},
		{"0.0.0.0:80", "", "http://localhost"},
		{"[::]:443", "c.pem", "https://localhost"},
		{":8443", "c.pem", "https://localhost:8443"},
	} {
		s := Defaults()
		s.Listen, s.TLS = c.listen, TLS{c.certificate, c.certificate}
		if got := s.PublicURL().String(); got != c.want || len(s.Validate()) != 0 {
			t.Errorf("%+v: %s, %v", c, got, s.Validate())
		}
	}
}

func TestSU5_Validate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		change     func(*Server)
	}{
		{"a listen address without a port", "listen: expected host:port; write 127.0.0.1:8080", func(s *Server) { s.Listen = "localhost" }},
		{"a listen port alone keeps its number", "listen: expected host:port; write 127.0.0.1:9000", func(s *Server) { s.Listen = "9000" }},
		{"a listen port by name", "listen: expected host:port; write 127.0.0.1:8080", func(s *Server) { s.Listen = ":http" }},
		{"a listen address in URL form", "listen: expected host:port; write 127.0.0.1:8080", func(s *Server) { s.Listen = "http://localhost:8080" }},
		{"metrics on the main address", "metrics.listen: has the address of listen; choose another port, or leave it empty to share the listener",
			func(s *Server) { s.Metrics.Listen = s.Listen }},
		{"metrics on the admin address", "metrics.listen: has the address of admin.listen; choose another port, or leave it empty to share the listener",
			func(s *Server) { s.Admin.Listen, s.Metrics.Listen = ":9", ":9" }},
		{"free ports do not collide", "", func(s *Server) { s.Listen, s.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0" }},
		{"a certificate alone", "tls.certificate: is set without tls.key; set both or neither", func(s *Server) { s.TLS.Certificate = "c" }},
		{"a key alone", "tls.key: is set without tls.certificate; set both or neither", func(s *Server) { s.TLS.Key = "k" }},
		{"another database", "database: expected sqlite:FILE or postgres://USER@HOST/NAME", func(s *Server) { s.Database = "mysql://u:hunter2@h/d" }},
		{"no database file", "database: expected sqlite:FILE or postgres://USER@HOST/NAME", func(s *Server) { s.Database = "sqlite:" }},
		{"the long scheme", "database: begins with postgresql://; write postgres://", func(s *Server) { s.Database = "postgresql://h/d" }},
		{"postgres with several hosts", "", func(s *Server) { s.Database = "postgres://u:p@a:5432,b:5432/d?target_session_attrs=read-write" }},
		{"no master key", "master_key_file: is empty; name a file, or set FOYER_MASTER_KEY", func(s *Server) { s.MasterKeyFile = "" }},
		{"the master key in the environment", "", func(s *Server) { s.MasterKeyFile, s.MasterKey = "", "k" }},
		{"trust in everyone", "trusted_proxies[1]: trusts everyone, so anyone could claim any address; list the proxies' own networks",
			func(s *Server) { s.Proxies = []string{"10.0.0.1", "::/0"} }},
		{"a proxy by name", "trusted_proxies[0]: expected a network such as 10.0.0.0/8 or an address such as 10.1.2.3",
			func(s *Server) { s.Proxies = []string{"proxy"} }},
		{"a network with a zone", "admin.allowed_networks[0]: expected a network such as 10.0.0.0/8 or an address such as 10.1.2.3",
			func(s *Server) { s.Admin.Networks = []string{"fe80::1%eth0"} }},
		{"a network wider than IPv4 in IPv6 clothes", "egress.allow_private_networks[0]: expected an IPv4 network as in 10.0.0.0/8",
			func(s *Server) { s.Egress.Networks = []string{"::ffff:0:0/95"} }},
		{"everything private may be reached on request", "", func(s *Server) { s.Egress.Networks = []string{"0.0.0.0/0"} }},
		{"a mail server without a sender", "mail.from: expected a sender such as Example <no-reply@example.com>",
			func(s *Server) { s.Mail.SMTP.Host = "smtp.example.com" }},
		{"a sender with a line break", "mail.from: expected a sender such as Example <no-reply@example.com>",
			func(s *Server) { s.Mail.SMTP.Host, s.Mail.From = "h", "a@b.example\nBcc: c@d.example" }},
		{"a mail server with its port", "mail.smtp.host: expected a host name alone; the port belongs in mail.smtp.port",
			func(s *Server) { s.Mail.From, s.Mail.SMTP.Host = "a@b.example", "h:25" }},
		{"a mail port out of range", "mail.smtp.port: expected a port from 1 to 65535; 587 is usual",
			func(s *Server) { s.Mail = Mail{"a@b.example", SMTP{Host: "::1", Port: 65536}} }},
		{"a mail account without a password", "mail.smtp.username: is set without mail.smtp.password_file; set both or neither",
			func(s *Server) { s.Mail = Mail{"a@b.example", SMTP{Host: "h", Port: 25, Username: "u"}} }},
		{"messages over plain http", "sms.webhook.url: plain http would show the messages to the network; use https",
			func(s *Server) { s.SMS.Webhook = Webhook{"http://sms.example.com", "f"} }},
		{"messages to this machine", "", func(s *Server) { s.SMS.Webhook = Webhook{"http://127.0.0.1:9/x", "f"} }},
		{"messages without a signing secret", "sms.webhook.url: is set without sms.webhook.secret_file; set both or neither",
			func(s *Server) { s.SMS.Webhook.URL = "https://sms.example.com" }},
		{"a password in an address", "tracing.otlp_endpoint: holds a user name or password; leave it out",
			func(s *Server) { s.Tracing.Endpoint = "http://u:p@collector:4318" }},
		{"a collector without a scheme", "tracing.otlp_endpoint: expected an address such as https://host.example.com/path",
			func(s *Server) { s.Tracing.Endpoint = "collector:4318" }},
		{"a collector in the cluster", "", func(s *Server) { s.Tracing.Endpoint = "http://collector:4318" }},
		{"a misspelt level", "log.level: expected one of debug, info, warn, error; did you mean warn?", func(s *Server) { s.Log.Level = "warning" }},
		{"another format", "log.format: expected one of json, text", func(s *Server) { s.Log.Format = "logfmt" }},
		{"an empty tenant file", "apply[1]: is empty; name a tenant file", func(s *Server) { s.Apply = []string{"a", " "} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Defaults()
			c.change(s)
			var got []string
			for _, f := range s.Validate() {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNetworksAreNormal(t *testing.T) {
	t.Parallel()
	s := &Server{Admin: Admin{Networks: []string{"::ffff:10.0.0.0/104", "::ffff:192.0.2.1", "fd00::/8", "nonsense"}}}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("fd00::/8")}
	if diff := cmp.Diff(want, s.AdminNetworks(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}
