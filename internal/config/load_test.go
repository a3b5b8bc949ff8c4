package config

import (
	_ "embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

//go:embed testdata/foyer.yaml
var documented []byte

// files is a ReadFile over a map.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	if text, ok := f[name]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func load(t *testing.T, o Options) *Server {
	t.Helper()
	if o.ReadFile == nil {
		o.ReadFile = files{}.read
	}
	s, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDocumentedExampleDecodes(t *testing.T) {
	t.Parallel()
	s := load(t, Options{ReadFile: files{"foyer.yaml": string(documented)}.read})
	want := &Server{
		Listen:        "127.0.0.1:8080",
		BaseURL:       "https://id.example.com",
		Database:      "sqlite:foyer-data/foyer.db",
		MasterKeyFile: "foyer-data/master.key",
		Proxies:       []string{"10.0.0.0/8"},
		TLS:           TLS{Certificate: "cert.pem", Key: "key.pem"},
		Mail: Mail{From: "Example <no-reply@example.com>",
			SMTP: SMTP{Host: "smtp.example.com", Port: 587, Username: "u", PasswordFile: "f"}},
		SMS:     SMS{Webhook: Webhook{URL: "https://sms.example.com/send", SecretFile: "f"}},
		Metrics: Metrics{Listen: "127.0.0.1:9090"},
		Log:     Log{Level: "info", Format: "json"},
		Apply:   []string{"tenant.yaml"},
	}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(Server{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	for _, k := range Keys() {
		if !s.IsSet(k.Path) {
			t.Errorf("the documented example lacks %s", k.Path)
		}
		if k.Help == "" {
			t.Errorf("%s has no help", k.Path)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	var got []string
	for _, k := range Keys() {
		got = append(got, fmt.Sprintf("%s %s --%s %s", k.Path, k.Env, k.Flag, k.Kind))
	}
	want := []string{
		"listen FOYER_LISTEN --listen text",
		"public_url FOYER_PUBLIC_URL --public-url text",
		"database FOYER_DATABASE --database text",
		"master_key_file FOYER_MASTER_KEY_FILE --master-key-file text",
		"trusted_proxies FOYER_TRUSTED_PROXIES --trusted-proxies list",
		"tls.certificate FOYER_TLS_CERTIFICATE --tls-certificate text",
		"tls.key FOYER_TLS_KEY --tls-key text",
		"admin.listen FOYER_ADMIN_LISTEN --admin-listen text",
		"admin.allowed_networks FOYER_ADMIN_ALLOWED_NETWORKS --admin-allowed-networks list",
		"mail.from FOYER_MAIL_FROM --mail-from text",
		"mail.smtp.host FOYER_MAIL_SMTP_HOST --mail-smtp-host text",
		"mail.smtp.port FOYER_MAIL_SMTP_PORT --mail-smtp-port number",
		"mail.smtp.username FOYER_MAIL_SMTP_USERNAME --mail-smtp-username text",
		"mail.smtp.password_file FOYER_MAIL_SMTP_PASSWORD_FILE --mail-smtp-password-file text",
		"sms.webhook.url FOYER_SMS_WEBHOOK_URL --sms-webhook-url text",
		"sms.webhook.secret_file FOYER_SMS_WEBHOOK_SECRET_FILE --sms-webhook-secret-file text",
		"egress.allow_private_networks FOYER_EGRESS_ALLOW_PRIVATE_NETWORKS --egress-allow-private-networks list",
		"egress.ca_file FOYER_EGRESS_CA_FILE --egress-ca-file text",
		"metrics.listen FOYER_METRICS_LISTEN --metrics-listen text",
		"tracing.otlp_endpoint FOYER_TRACING_OTLP_ENDPOINT --tracing-otlp-endpoint text",
		"log.level FOYER_LOG_LEVEL --log-level text",
		"log.format FOYER_LOG_FORMAT --log-format text",
		"apply FOYER_APPLY --apply list",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadWithNothingConfigured(t *testing.T) {
	t.Parallel()
	s := load(t, Options{})
	if s.BaseURL != "http://localhost:8080" || s.PublicURL().String() != s.BaseURL {
		t.Errorf("public_url is %s", s.BaseURL)
	}
	if s.Metrics.Listen != "" || s.Log != (Log{"info", "json"}) || s.IsSet("log.format") || s.LogLevel() != slog.LevelInfo {
		t.Errorf("defaults are %s", s)
	}
}

func TestLoadOrder(t *testing.T) {
	t.Parallel()
	o := Options{
		File: "etc/f.yaml",
		ReadFile: files{"etc/f.yaml": `
listen: 127.0.0.1:1001
public_url: https://file.example/
trusted_proxies: [10.0.0.0/8]
metrics: {listen: "127.0.0.1:9090"}
apply: [a.yaml]
log: {level: warn}
`}.read,
		Env: []string{
			"PATH=/bin", "FOYER_PUBLIC_URL=https://env.example/base/", "FOYER_METRICS_LISTEN=", "FOYER_LOG_LEVEL=error",
			"FOYER_TRUSTED_PROXIES= 192.0.2.1 , 2001:db8::/32,", "FOYER_MASTER_KEY=s3cret", "FOYER_TEST_X=1",
			"FOYER_CONFIG=absent.yaml", "FOYER_MAIL_SMTP_PORT=25",
		},
		Flags: map[string]string{"log-level": "debug", "apply": "b.yaml,c.yaml"},
	}
	s := load(t, o)
	want := Defaults()
	want.Listen = "127.0.0.1:1001"
	want.BaseURL = "https://env.example/base"
	want.Proxies = []string{"192.0.2.1", "2001:db8::/32"}
	want.Log.Level = "debug"
	want.Apply = []string{"b.yaml", "c.yaml"}
	want.Mail.SMTP.Port = 25
	want.MasterKey = "s3cret"
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(Server{})); diff != "" {
		t.Error(diff)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32")}
	if diff := cmp.Diff(proxies, s.TrustedProxies(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestLoadFile(t *testing.T) {
	t.Parallel()
	read := files{"other.yaml": "listen: 127.0.0.1:7\n"}.read
	for _, o := range []Options{
		{ReadFile: read, File: "absent.yaml"},
		{ReadFile: read, Env: []string{"FOYER_CONFIG=absent.yaml"}},
		{ReadFile: func(string) ([]byte, error) { return nil, fs.ErrPermission }},
	} {
		if _, err := Load(o); err == nil || !strings.HasPrefix(err.Error(), "read configuration: ") {
			t.Errorf("%q: %v", o.File, err)
		}
	}
	if s := load(t, Options{ReadFile: read, Env: []string{"FOYER_CONFIG=other.yaml"}}); s.Listen != "127.0.0.1:7" {
		t.Errorf("FOYER_CONFIG was not read: listen is %s", s.Listen)
	}
	if s := load(t, Options{ReadFile: files{"foyer.yaml": "# nothing yet\n"}.read}); s.Listen != "127.0.0.1:8080" {
		t.Errorf("empty file: listen is %s", s.Listen)
	}
}

func TestSU7_LoadNamesTheSourceOfEachFinding(t *testing.T) {
	t.Parallel()
	_, err := Load(Options{
		ReadFile: files{"foyer.yaml": "listen: 8080\npubic_url: https://x.example\n" +
			"trusted_proxies:\n  - 10.0.0.0/8\n  - 10.1.2.3/8\nmail:\n  from: nobody\nlog: {level: [x]}\n"}.read,
		Env:   []string{"FOYER_PUBLIC_ULR=x", "FOYER_MAIL_SMTP_PORT=many", "FOYER_PORT=8080", "FOYER_XYZ=1"},
		Flags: map[string]string{"database": "mysql://x", "colour": "red"},
	})
	want := strings.Join([]string{
		`foyer.yaml:2: pubic_url: unknown key; did you mean "public_url"?`,
		`foyer.yaml:8: log.level: expected a text, found a list`,
		`FOYER_PUBLIC_ULR: unknown variable; did you mean FOYER_PUBLIC_URL?`,
		`FOYER_MAIL_SMTP_PORT: mail.smtp.port: expected a whole number`,
		`FOYER_PORT: unknown variable`,
		`FOYER_XYZ: unknown variable`,
		`--colour: unknown flag`,
		`foyer.yaml:1: listen: expected host:port; write 127.0.0.1:8080`,
		`--database: database: expected sqlite:FILE or postgres://USER@HOST/NAME`,
		`foyer.yaml:5: trusted_proxies[1]: has bits outside its mask; write 10.0.0.0/8, or 10.1.2.3 alone`,
		`foyer.yaml:7: mail.from: expected a sender such as Example <no-reply@example.com>`,
		`mail.smtp.host: is empty; name the mail server`,
	}, "\n")
	if err == nil {
		t.Fatal("taken")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestKubernetesServiceVariablesAreNotOurs(t *testing.T) {
	t.Parallel()
	load(t, Options{Env: []string{
		"FOYER_SERVICE_HOST=10.0.0.1", "FOYER_SERVICE_PORT=80", "FOYER_SERVICE_PORT_HTTP=80", "FOYER_PORT=tcp://10.0.0.1:80",
		"FOYER_PORT_80_TCP=tcp://10.0.0.1:80", "FOYER_PORT_80_TCP_PROTO=tcp", "FOYER_PORT_80_TCP_PORT=80",
		"FOYER_PORT_80_TCP_ADDR=10.0.0.1", "FOYER_DB_SERVICE_HOST=10.0.0.2",
	}})
}

func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	s := load(t, Options{
		Env:   []string{"FOYER_MASTER_KEY=hunter2"},
		Flags: map[string]string{"database": "postgres://foyer:hunter2@a:5432,b:5432/foyer?sslpassword=hunter2&target_session_attrs=read-write"},
	})
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "server", s, "key", s.MasterKey)
	for _, text := range []string{s.String(), log.String(), fmt.Sprintf("%v %+v %#v", s, s, s), fmt.Sprintf("%#v", *s)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed: %s", text)
		}
		if !strings.Contains(text, "postgres://foyer:[redacted]@a:5432,b:5432/foyer?sslpassword=[redacted]") {
			t.Errorf("the rest of the address is gone: %s", text)
		}
	}
	for in, want := range map[DSN]DSN{
		"sqlite:foyer-data/foyer.db":                 "sqlite:foyer-data/foyer.db",
		"postgres://u:p@ss:/w?rd@h/d":                "postgres://u:[redacted]@h/d",
		"postgres://u@h/d?user=u&password=p":         "postgres://u@h/d?user=u&password=[redacted]",
		"host=h user=u password=p":                   "host=h user=u password=[redacted]",
		"postgres://h/d?application_name=password=x": "postgres://h/d?application_name=password=x",
	} {
		if got := in.String(); got != string(want) {
			t.Errorf("%s, want %s", got, string(want))
		}
	}
}
