package app

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/storetest"
)

// A port that is taken stops the start, names its key, and nobody has been told
// that Foyer answers.
func TestATakenPortStopsTheStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, taken.Close()) })
	for key, set := range map[string]func(*config.Server, string){
		"listen":         func(c *config.Server, a string) { c.Listen = a },
		"admin.listen":   func(c *config.Server, a string) { c.Admin.Listen = a },
		"metrics.listen": func(c *config.Server, a string) { c.Metrics.Listen = a },
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t, storetest.SQLite(t))
			cfg.Listen = "127.0.0.1:0"
			set(cfg, taken.Addr().String())
			var out bytes.Buffer
			err := Serve(t.Context(), cfg, ServeOptions{Stdout: &out, Stderr: t.Output()})
			want := key + ": " + taken.Addr().String() + " is in use by another program; stop that one, or set " + key + " (--" + strings.ReplaceAll(key, ".", "-") + ") to another port"
			if err == nil || err.Error() != want || out.Len() > 0 {
				t.Errorf("%v\n%swant %s and no output", err, out.String(), want)
			}
		})
	}
}

// writeCertificate makes a certificate for id.example.com that is good until
// then, and its key.
func writeCertificate(t *testing.T, until time.Time) config.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"id.example.com"}, NotBefore: until.AddDate(-1, 0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	files := config.TLS{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	must(t, os.WriteFile(files.Certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	return files
}

// A certificate that cannot be used stops the start before anybody is told that
// Foyer answers.
func TestAWrongCertificateStopsTheStart(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, storetest.SQLite(t))
	cfg.Listen, cfg.TLS = "127.0.0.1:0", writeCertificate(t, time.Now().AddDate(1, 0, 0))
	cfg.TLS.Key = writeCertificate(t, time.Now().AddDate(1, 0, 0)).Key
	var out bytes.Buffer
	err := Serve(t.Context(), cfg, ServeOptions{Stdout: &out, Stderr: t.Output()})
	if err == nil || !strings.HasPrefix(err.Error(), "tls.certificate "+cfg.TLS.Certificate+", tls.key "+cfg.TLS.Key+": ") || out.Len() > 0 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestDoctorReadsTheCertificate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	read := func(url string, files config.TLS) Check {
		t.Helper()
		cfg, err := config.Load(config.Options{Flags: map[string]string{"public-url": url, "tls-certificate": files.Certificate, "tls-key": files.Key},
			ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist }})
		must(t, err)
		d := &Diagnosis{}
		d.certificate(cfg, now)
		if len(d.Checks) != 1 {
			t.Fatalf("%+v", d.Checks)
		}
		return d.Checks[0]
	}
	good := writeCertificate(t, now.AddDate(0, 2, 0))
	other := good
	other.Key = writeCertificate(t, now.AddDate(0, 2, 0)).Key
	cases := []struct {
		name, url string
		files     config.TLS
		grade     Grade
		found     string
	}{
		{"a good one", "https://id.example.com", good, Fine, "is for id.example.com, good until 2027-01-29"},
		{"for another host", "https://login.example.com", good, Wrong, "x509: certificate is valid for id.example.com, not login.example.com"},
		{"with another's key", "https://id.example.com", other, Wrong, "private key does not match"},
		{"expired", "https://id.example.com", writeCertificate(t, now.Add(-time.Minute)), Wrong, "has expired: it was good until 2026-11-29"},
		{"soon to end", "https://id.example.com", writeCertificate(t, now.AddDate(0, 0, 13)), Warn, "is good until 2026-12-12"},
		{"not good yet", "https://id.example.com", writeCertificate(t, now.AddDate(1, 0, 1)), Wrong, "is not good before 2026-11-30T12:00:00Z"},
	}
	for _, c := range cases {
		if got := read(c.url, c.files); got.Grade != c.grade || !strings.Contains(got.Found, c.found) {
			t.Errorf("%s: %s: %s", c.name, got.Grade, got.Found)
		}
	}
}
