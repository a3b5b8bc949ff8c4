package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/foyer-id/foyer/bench/load"
)

// server is one program under measurement.
type server struct {
	*process
	addr  string
	isOur bool   // Foyer
	jwks  string // path
	pg    *postgres
}

// cost is processor time so far: the server's and its database's.
type cost struct{ server, database time.Duration }

func (s *server) cost() (c cost) {
	c.server = s.cpu()
	if s.pg != nil {
		c.database = s.pg.cpu()
	}
	return c
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// startFloor runs the floor; args choose its store.
func (b *bench) startFloor(args ...string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "floor-")
	if err != nil {
		return nil, err
	}
	p, err := start(dir, b.floor, append([]string{"-addr", addr}, args...)...)
	if err != nil {
		return nil, err
	}
	b.stops = append(b.stops, p.stop)
	s := &server{process: p, addr: addr, jwks: "/jwks"}
	_, err = s.awaitAnswer(time.Now())
	return s, err
}

const (
	clientSecret = "bench-0123456789abcdef0123456789abcdef0123456789"
	password     = "correct horse battery staple"
	callback     = "http://127.0.0.1:9/callback"
	afterLogout  = "http://127.0.0.1:9/signed-out"
	accounts     = 64
)

// options of a Foyer.
type options struct {
	dir      string // "" for a new one
	database string // "" for SQLite in dir
	bare     bool   // no tenant file
	accounts int
	throttle string // of the tenant
	// backchannel is where applications are told of logouts, "": nowhere.
	backchannel string
}

// startFoyer runs foyer serve with a configuration and a tenant file.
func (b *bench) startFoyer(bin string, o options) (*server, error) {
	began := time.Now()
	s, err := b.spawnFoyer(bin, &o)
	if err == nil {
		_, err = s.awaitAnswer(began)
	}
	return s, err
}

func (b *bench) spawnFoyer(bin string, o *options) (s *server, err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp(b.dir, "foyer-"); err != nil {
			return nil, err
		}
	}
	if o.database == "" {
		o.database = "sqlite:foyer.db"
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf("listen: %s\npublic_url: http://%[1]s\ndatabase: %s\nmaster_key_file: master.key\n", addr, o.database)
	if !o.bare {
		config += "apply: [tenant.yaml]\n"
	}
	if o.backchannel != "" {
		config += "egress: {allow_private_networks: [127.0.0.1/32]}\n"
	}
	for name, text := range map[string]string{"foyer.yaml": config, "tenant.yaml": tenantFile(o)} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	p, err := start(o.dir, bin, "serve")
	if err != nil {
		return nil, err
	}
	b.stops = append(b.stops, p.stop)
	return &server{process: p, addr: addr, isOur: true, jwks: "/.well-known/jwks.json"}, nil
}

// tenantFile is what an operator would write: three applications with opaque
// access tokens and ES256, one of them public with refresh tokens, and two
// machines.
func tenantFile(o *options) string {
	var f strings.Builder
	f.WriteString("tenant: default\n")
	if o.throttle != "" {
		fmt.Fprintf(&f, "settings: {throttle: %s}\n", o.throttle)
	}
	f.WriteString("resources:\n  - {audience: \"https://api.example.com\", scopes: [orders.read]}\nclients:\n")
	application := func(id, more string) {
		fmt.Fprintf(&f, `  - client_id: %s
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    scope: openid profile email offline_access
    id_token_signed_response_alg: ES256
    access_token_format: opaque
%s`, id, callback, afterLogout, more)
	}
	told := ""
	if o.backchannel != "" {
		told = fmt.Sprintf("    backchannel_logout_uri: %q\n", o.backchannel)
	}
	confidential := told + "    client_secret: " + clientSecret + "\n    grant_types: [authorization_code]\n"
	application("web", confidential)
	application("web2", confidential)
	application("web3", confidential)
	application("app", "    token_endpoint_auth_method: none\n    grant_types: [authorization_code, refresh_token]\n")
	for _, m := range []string{"jwt", "opaque"} {
		fmt.Fprintf(&f, "  - {client_id: %s, client_secret: %s, grant_types: [client_credentials], scope: orders.read, access_token_format: %[1]s}\n", m, clientSecret)
	}
	f.WriteString("accounts:\n")
	n := o.accounts
	if n == 0 {
		n = accounts
	}
	for i := range n {
		fmt.Fprintf(&f, "  - {email: %s, email_verified: true, password: %s, given_name: Ada, family_name: Lovelace}\n", email(i), password)
	}
	return f.String()
}

func email(i int) string { return "ada" + strconv.Itoa(i) + "@example.com" }

const discoveryPath = "/.well-known/openid-configuration"

// awaitAnswer returns how long after began discovery was answered.
func (s *server) awaitAnswer(began time.Time) (time.Duration, error) {
	for time.Since(began) < 60*time.Second {
		conn, err := load.Dial(s.addr)
		if err == nil {
			a, err := conn.Do(get(s.addr, discoveryPath, ""))
			took := time.Since(began)
			conn.Close()
			if err == nil && a.Status == 200 {
				return took, nil
			}
		}
		if s.cmd.ProcessState != nil || cpu(s.cmd.Process.Pid) == 0 && time.Since(began) > time.Second {
			break
		}
		time.Sleep(500 * time.Microsecond)
	}
	return 0, fmt.Errorf("no answer of %s:\n%s", s.cmd.Path, s.said())
}

// counters are what Foyer counts about itself.
type counters struct{ statements, transitions, commits, signatures float64 }

func (s *server) counters() (c counters, err error) {
	conn, err := load.Dial(s.addr)
	if err != nil {
		return c, err
	}
	defer conn.Close()
	a, err := conn.Do(get(s.addr, "/metrics", ""))
	if err != nil {
		return c, err
	}
	for name, v := range map[string]*float64{
		"foyer_db_statements_total": &c.statements, "foyer_db_writes_total": &c.transitions,
		"foyer_db_commits_total": &c.commits, "foyer_signatures_total": &c.signatures,
	} {
		_, rest, ok := bytes.Cut(a.Body, []byte("\n"+name+" "))
		if !ok {
			return c, fmt.Errorf("/metrics has no %s", name)
		}
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		if *v, err = strconv.ParseFloat(string(line), 64); err != nil {
			return c, err
		}
	}
	return c, nil
}
