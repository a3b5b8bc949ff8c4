package config

// Server is foyer.yaml: what one process needs to know before it opens the
// database. Everything about sign-in belongs to a tenant and is stored there.
// Fields whose parsed form has an accessor of the key's name carry another name.
type Server struct {
	Listen        string   `yaml:"listen" help:"address and port to serve on"`
	BaseURL       string   `yaml:"public_url" help:"the address browsers and applications use; https unless it is a loopback name"`
	Database      DSN      `yaml:"database" help:"sqlite:FILE or postgres://…"`
	MasterKeyFile string   `yaml:"master_key_file" help:"file with the key that seals stored secrets; made at first start"`
	Proxies       []string `yaml:"trusted_proxies" help:"networks of the proxies whose X-Forwarded-For or Forwarded counts"`
	TLS           TLS      `yaml:"tls"`
	Admin         Admin    `yaml:"admin"`
	Mail          Mail     `yaml:"mail"`
	SMS           SMS      `yaml:"sms"`
	Egress        Egress   `yaml:"egress"`
	Metrics       Metrics  `yaml:"metrics"`
	Tracing       Tracing  `yaml:"tracing"`
	Log           Log      `yaml:"log"`
	Apply         []string `yaml:"apply" help:"tenant files applied at each start"`

	// MasterKey comes from FOYER_MASTER_KEY only, never from the file or a flag
	// (both are seen by others); when set, MasterKeyFile is not read.
	MasterKey Secret `yaml:"-"`

	origins map[string]origin // where each key's value came from
}

// TLS is the certificate Foyer serves itself; both empty means plain http.
type TLS struct {
	Certificate string `yaml:"certificate" help:"PEM file with the certificate chain"`
	Key         string `yaml:"key" help:"PEM file with the certificate's private key"`
}

// Admin restricts the administrative API and console.
type Admin struct {
	Listen   string   `yaml:"listen" help:"a listener of its own for the console and the administrative API"`
	Networks []string `yaml:"allowed_networks" help:"networks that may reach the console and the administrative API; empty: all"`
}

// Mail is how messages are sent; it is off while From and SMTP.Host are empty.
type Mail struct {
	From string `yaml:"from" help:"sender, as in Example <no-reply@example.com>"`
	SMTP SMTP   `yaml:"smtp"`
}

// SMTP is the submission server.
type SMTP struct {
	Host         string `yaml:"host" help:"mail submission server"`
	Port         int    `yaml:"port" help:"its port"`
	Username     string `yaml:"username" help:"account at the mail server"`
	PasswordFile string `yaml:"password_file" help:"file with the password of that account"`
}

// SMS is how text messages are sent; it is off while Webhook.URL is empty.
type SMS struct {
	Webhook Webhook `yaml:"webhook"`
}

// Webhook is the gateway that receives each message as a signed request.
type Webhook struct {
	URL        string `yaml:"url" help:"https address that sends text messages"`
	SecretFile string `yaml:"secret_file" help:"file with the secret that signs those requests"`
}

// Egress bounds the calls Foyer makes to others.
type Egress struct {
	Networks []string `yaml:"allow_private_networks" help:"private networks that outgoing calls may reach"`
	CAFile   string   `yaml:"ca_file" help:"PEM file with further certificate authorities"`
}

// Metrics is where /metrics answers. Decision: without a listener of its own
// /metrics stays on the main one and answers loopback clients only, so that a
// first start opens one port and shows nothing to strangers.
type Metrics struct {
	Listen string `yaml:"listen" help:"a listener of its own for /metrics; empty: main listener, loopback clients only"`
}

// Tracing is off while the endpoint is empty.
type Tracing struct {
	Endpoint string `yaml:"otlp_endpoint" help:"OpenTelemetry collector (OTLP over HTTP)"`
}

// Log is what is logged, on standard error.
type Log struct {
	Level  string `yaml:"level" help:"debug, info, warn or error"`
	Format string `yaml:"format" help:"json or text"`
}

// Defaults is the configuration of a first start with nothing configured. Whether
// a terminal makes log.format text is the caller's to decide: see IsSet.
func Defaults() *Server {
	return &Server{
		Listen:        "127.0.0.1:8080",
		Database:      "sqlite:foyer-data/foyer.db",
		MasterKeyFile: "foyer-data/master.key",
		Mail:          Mail{SMTP: SMTP{Port: 587}},
		Log:           Log{Level: "info", Format: "json"},
	}
}

type origin struct {
	source string
	line   int
}

// IsSet reports whether file, environment or a flag gave the key a value.
// Path is as in Key.Path.
func (s *Server) IsSet(path string) bool {
	_, ok := s.origins[path]
	return ok
}
