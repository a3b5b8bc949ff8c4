package config

import (
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

// Validate judges the configuration as a whole and lists what to change, each
// with the file line or variable that the value came from. It is pure: files and
// addresses are not tried, that is foyer doctor's work.
func (s *Server) Validate() []Finding {
	v := &validator{}
	v.listeners(s)
	v.publicURL(s.BaseURL)
	v.database(s)
	v.networks("trusted_proxies", s.Proxies)
	v.networks("admin.allowed_networks", s.Admin.Networks)
	v.networks("egress.allow_private_networks", s.Egress.Networks)
	for i, n := range s.TrustedProxies() {
		if n.Bits() == 0 {
			v.add(fmt.Sprintf("trusted_proxies[%d]", i), "trusts everyone, so anyone could claim any address; list the proxies' own networks")
		}
	}
	v.both("tls.certificate", s.TLS.Certificate, "tls.key", s.TLS.Key)
	v.mail(s.Mail)
	v.both("sms.webhook.url", s.SMS.Webhook.URL, "sms.webhook.secret_file", s.SMS.Webhook.SecretFile)
	v.endpoint("sms.webhook.url", s.SMS.Webhook.URL, true)
	v.endpoint("tracing.otlp_endpoint", s.Tracing.Endpoint, false)
	v.oneOf("log.level", s.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", s.Log.Format, "json", "text")
	for i, f := range s.Apply {
		if strings.TrimSpace(f) == "" {
			v.add(fmt.Sprintf("apply[%d]", i), "is empty; name a tenant file")
		}
	}
	for i := range v.findings {
		o := s.originOf(v.findings[i].Path)
		v.findings[i].Source, v.findings[i].Line = o.source, o.line
	}
	return v.findings
}

// originOf falls back from a list item to its list.
func (s *Server) originOf(path string) origin {
	if o, ok := s.origins[path]; ok {
		return o
	}
	list, _, _ := strings.Cut(path, "[")
	return s.origins[list]
}

type validator struct {
	findings []Finding
}

func (v *validator) add(path, message string) {
	v.findings = append(v.findings, Finding{Path: path, Message: message})
}

func (v *validator) listeners(s *Server) {
	v.listen("listen", s.Listen)
	taken := map[string]string{s.Listen: "listen"}
	for _, l := range []struct{ path, value string }{
		{"admin.listen", s.Admin.Listen}, {"metrics.listen", s.Metrics.Listen},
	} {
		if l.value == "" {
			continue
		}
		v.listen(l.path, l.value)
		if other := taken[l.value]; other != "" && !strings.HasSuffix(l.value, ":0") {
			v.add(l.path, "has the address of "+other+"; choose another port, or leave it empty to share the listener")
		}
		taken[l.value] = l.path
	}
}

func (v *validator) listen(path, value string) {
	host, port, err := net.SplitHostPort(value)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err == nil && perr == nil && !strings.ContainsAny(host, "/ @") {
		return
	}
	example := "127.0.0.1:8080"
	if p, err := strconv.ParseUint(value, 10, 16); err == nil {
		example = fmt.Sprintf("127.0.0.1:%d", p)
	} else if perr == nil && n > 0 {
		example = fmt.Sprintf("127.0.0.1:%d", n)
	}
	v.add(path, "expected host:port; write "+example)
}

func (v *validator) database(s *Server) {
	switch d := string(s.Database); {
	case strings.HasPrefix(d, "sqlite:") && strings.TrimPrefix(d, "sqlite:") != "":
	case strings.HasPrefix(d, "postgres://") && strings.TrimPrefix(d, "postgres://") != "":
	case strings.HasPrefix(d, "postgresql://"):
		v.add("database", "begins with postgresql://; write postgres://")
	default:
		v.add("database", "expected sqlite:FILE or postgres://USER@HOST/NAME")
	}
	if s.MasterKeyFile == "" && s.MasterKey == "" {
		v.add("master_key_file", "is empty; name a file, or set FOYER_MASTER_KEY")
	}
}

func (v *validator) networks(path string, list []string) {
	for i, text := range list {
		if _, err := parseNetwork(text); err != nil {
			v.add(fmt.Sprintf("%s[%d]", path, i), err.Error())
		}
	}
}

// both refuses half of a pair.
func (v *validator) both(path, value, otherPath, other string) {
	if value == "" && other != "" {
		path, otherPath = otherPath, path
	} else if value == "" || other != "" {
		return
	}
	v.add(path, "is set without "+otherPath+"; set both or neither")
}

func (v *validator) mail(m Mail) {
	if m.From == "" && m.SMTP.Host == "" && m.SMTP.Username == "" && m.SMTP.PasswordFile == "" {
		return
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		v.add("mail.from", "expected a sender such as Example <no-reply@example.com>")
	}
	if m.SMTP.Host == "" {
		v.add("mail.smtp.host", "is empty; name the mail server")
	} else if strings.ContainsAny(m.SMTP.Host, "/:@ ") && !isIP(m.SMTP.Host) {
		v.add("mail.smtp.host", "expected a host name alone; the port belongs in mail.smtp.port")
	}
	if m.SMTP.Port < 1 || m.SMTP.Port > 65535 {
		v.add("mail.smtp.port", "expected a port from 1 to 65535; 587 is usual")
	}
	v.both("mail.smtp.username", m.SMTP.Username, "mail.smtp.password_file", m.SMTP.PasswordFile)
}

func (v *validator) oneOf(path, value string, allowed ...string) {
	if slices.Contains(allowed, value) {
		return
	}
	message := "expected one of " + strings.Join(allowed, ", ")
	if near := suggest(value, allowed); near != "" {
		message += "; did you mean " + near + "?"
	}
	v.add(path, message)
}
