package proof

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// dial opens a connection to the program and sends bytes.
func dial(t *testing.T, p *program, send string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.listen)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = io.WriteString(c, send)
	must(t, err)
	return c
}

// answered is the status of what the server says on a connection.
func answered(t *testing.T, c net.Conn) int {
	t.Helper()
	must(t, c.SetReadDeadline(time.Now().Add(8*time.Second))) // before the server gives the body up
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// TestDS1_LimitsOfTheListener: headers and bodies beyond the limit end with
// their status before the rest of them is read.
func TestDS1_LimitsOfTheListener(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "", "")
	p.start()
	c := dial(t, p, "GET /login HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 40<<10)+"\r\n\r\n")
	if got := answered(t, c); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("40 KiB of headers: %d", got)
	}
	// The body is announced as a gigabyte; 64 KiB and a byte of it are enough.
	c = dial(t, p, fmt.Sprintf("POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\na=%s", 1<<30, strings.Repeat("b", 64<<10)))
	if got := answered(t, c); got != http.StatusRequestEntityTooLarge {
		t.Errorf("a gigabyte of body: %d", got)
	}
	c = dial(t, p, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"+
		strings.Repeat("1000\r\n"+strings.Repeat("a", 0x1000)+"\r\n", 17))
	if got := answered(t, c); got != http.StatusRequestEntityTooLarge {
		t.Errorf("a body without end: %d", got)
	}
	// A NUL, a bare CR and a folded line in a header never reach a handler.
	for _, bad := range []string{"X: a\x00b", "X: a\rb", "X : y", " folded"} {
		c = dial(t, p, "GET /login HTTP/1.1\r\nHost: x\r\n"+bad+"\r\n\r\n")
		if got := answered(t, c); got != http.StatusBadRequest {
			t.Errorf("header %q: %d", bad, got)
		}
	}
}

// TestDS4_SlowSendersAreCutOff: who sends its headers or its body a byte at a
// time is cut off after 5 and 15 seconds, and others do not notice.
func TestDS4_SlowSendersAreCutOff(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "", "")
	p.start()
	var wg sync.WaitGroup
	cut := func(what, send string, after time.Duration) {
		began := time.Now()
		c := dial(t, p, send)
		wg.Go(func() {
			_, _ = io.Copy(io.Discard, c) // until the server hangs up
			if took := time.Since(began); took < after-time.Second || took > after+10*time.Second {
				t.Errorf("%s: cut off after %s, want %s", what, took, after)
			}
		})
	}
	for range 200 {
		cut("headers", "GET / HTTP/1.1\r\nHost: x\r\nX: a", 5*time.Second)
	}
	cut("nothing", "", 5*time.Second)
	cut("body", "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na", 15*time.Second)
	b := p.Web.Browser()
	if got := b.PostWith("/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}, http.Header{}).Status(); got != http.StatusSeeOther {
		t.Errorf("a sign-in beside them: %d", got)
	}
	wg.Wait()
	for line := range strings.SplitSeq(p.Log.String(), "\n") {
		if strings.Contains(line, `"status":5`) {
			t.Errorf("a slow sender is a fault of ours: %s", line)
		}
	}
}

// TestLG3_TimesAreUTC: the program runs in New York. Its stop writes the lines
// that are held.
func TestLG3_TimesAreUTC(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "", "")
	p.start()
	p.Web.Fetch("/login")
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	must(t, p.cmd.Wait())
	if !strings.Contains(p.Log.String(), `"route":"/login"`) {
		t.Error("no line of the request before the stop")
	}
	seen := 0
	for line := range strings.SplitSeq(p.Log.String(), "\n") {
		if _, rest, ok := strings.Cut(line, `"time":"`); ok {
			at, _, _ := strings.Cut(rest, `"`)
			if !strings.HasSuffix(at, "Z") {
				t.Errorf("time %s", at)
			}
			seen++
		}
	}
	if seen == 0 {
		t.Error("no line with a time")
	}
}

// TestSU5_SU7_StartsThatAreRefused: each is a sentence that names what to
// change, and nothing listens.
func TestSU5_SU7_StartsThatAreRefused(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		env  string
		flag string
		want string
	}{
		"an issuer on http":           {"FOYER_PUBLIC_URL=http://id.example.com", "", "https"},
		"an unknown variable":         {"FOYER_LISSEN=127.0.0.1:1", "", "FOYER_LISSEN"},
		"an unknown flag":             {"", "--lissen=x", "--lissen"},
		"an unknown log level":        {"FOYER_LOG_LEVEL=loud", "", "log.level"},
		"a proxy that is no network":  {"FOYER_TRUSTED_PROXIES=everybody", "", "trusted_proxies"},
		"a database of another world": {"FOYER_DATABASE=mysql://x", "", "database"},
		"a tenant file with a typo":   {"FOYER_APPLY=typo.yaml", "", "clinets"},
		"a client with a wildcard":    {"FOYER_APPLY=wild.yaml", "", "redirect_uris"},
		"a master key for all to see": {"FOYER_MASTER_KEY_FILE=open.key", "", "open.key"},
		"a short master key":          {"FOYER_MASTER_KEY=aaaa", "", "FOYER_MASTER_KEY"},
		"a debug flag":                {"", "--debug", "--debug"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, "", "")
			write(t, p.dir, "typo.yaml", "tenant: default\nclinets: []\n", 0o600)
			write(t, p.dir, "wild.yaml", "tenant: default\nclients: [{client_id: web, token_endpoint_auth_method: none, redirect_uris: ['https://*.example.com/cb']}]\n", 0o600)
			write(t, p.dir, "open.key", strings.Repeat("A", 43), 0o644)
			p.env = append(p.env, c.env)
			said, err := p.run("", strings.TrimSpace("serve "+c.flag))
			if err == nil || !strings.Contains(said, c.want) || strings.Contains(said, "answers at") || strings.Contains(said, "panic") {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}
