package proof

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// mortal is the line of a program that kills itself when it is told: foyer serve
// as its command runs it, with hooks in its database. What the database holds
// changes at its commits alone, so these are the points that differ: just before
// each, when nothing of it may remain, and just after, when it holds and nobody
// has been told.
const mortal = "mortal"

// serveMortal reads lines such as "before 3" from file 3 and answers each to
// file 4 with the number of commits since the line before.
func serveMortal() int {
	var mu sync.Mutex
	var when string
	var at, commits int
	strike := func(point string, step int) {
		mu.Lock()
		defer mu.Unlock()
		if commits += step; point == when && commits == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	go func() {
		answers := os.NewFile(4, "answers")
		for scan := bufio.NewScanner(os.NewFile(3, "commands")); scan.Scan(); {
			mu.Lock()
			counted := commits
			commits = 0
			if _, err := fmt.Sscan(scan.Text(), &when, &at); err != nil {
				panic(err)
			}
			mu.Unlock()
			fmt.Fprintln(answers, counted)
		}
	}()
	cfg, err := config.Load(config.Options{ReadFile: os.ReadFile, Env: os.Environ()})
	if err == nil {
		err = app.Serve(context.Background(), cfg, app.ServeOptions{Stdout: os.Stdout, Stderr: os.Stderr, Storage: sqlstore.Options{
			CommitHook: func() error { strike("before", 1); return nil },
			Committed:  func() { strike("after", 0) },
		}})
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// mortalProgram is one that the test can tell when to die.
type mortalProgram struct {
	*program
	commands *os.File
	answers  chan string // closed when it has died
	died     chan struct{}
}

func (p *mortalProgram) start() {
	p.t.Helper()
	in, commands, err := os.Pipe()
	must(p.t, err)
	answers, out, err := os.Pipe()
	must(p.t, err)
	p.files = []*os.File{in, out}
	p.program.start()
	must(p.t, in.Close())
	must(p.t, out.Close())
	p.commands, p.answers, p.died = commands, make(chan string, 1), make(chan struct{})
	p.t.Cleanup(func() { _ = commands.Close(); _ = answers.Close() })
	go func(lines chan string, died chan struct{}) {
		for scan := bufio.NewScanner(answers); scan.Scan(); {
			lines <- scan.Text()
		}
		close(lines)
		close(died)
	}(p.answers, p.died)
}

// tell arms the program and returns how many commits there were before, and
// whether it lived to hear of it.
func (p *mortalProgram) tell(when string, at int) (commits int, alive bool) {
	p.t.Helper()
	_, _ = fmt.Fprintln(p.commands, when, at)
	answer, alive := <-p.answers
	if alive {
		_, err := fmt.Sscan(answer, &commits)
		must(p.t, err)
	}
	return commits, alive
}

// TestK2_KilledAtEachCommitOfAFlow: somebody registers, two applications get
// tokens, one refreshes, the person signs out, both are told. The program is
// killed at each commit of that and started again: nothing is there by half,
// what was answered holds, and whoever repeats what was not answered gets to the
// end. FOYER_TEST_SLOW: just before each commit too, when what came before it has
// been answered.
func TestK2_KilledAtEachCommitOfAFlow(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(t *testing.T, database string) {
		r := newReceivers(t)
		p := &mortalProgram{program: newProgram(t, "", database)}
		p.line = mortal
		p.env = append(p.env, "FOYER_EGRESS_ALLOW_PRIVATE_NETWORKS=127.0.0.0/8", "FOYER_TRUSTED_PROXIES=127.0.0.0/8")
		write(t, p.dir, "tenant.yaml", strings.Replace(r.listening(2), "settings: {", "settings: {self_registration: true, ", 1), 0o600)
		p.start()
		p.tell("never", 0)
		whole := &passage{t: t, p: p, r: r, email: "whole@example.com"}
		whole.travel()
		n, _ := p.tell("never", 0)
		points, kills := []string{"after"}, 0
		if slow {
			points = []string{"after", "before"}
		}
		for ; n > 0; n-- { // from its end, so that what a dead worker holds is free meanwhile
			for _, when := range points {
				p.tell(when, n)
				j := &passage{t: t, p: p, r: r, email: fmt.Sprintf("%s.%d@example.com", when, n)}
				j.travel()
				if _, alive := p.tell("never", 0); !alive { // by a commit that nobody waits for
					j.revive()
				}
				kills += j.kills
			}
		}
		if kills < 6 {
			t.Errorf("only %d kills", kills)
		}
		everyoneIsTold(t, p, r)
		t.Logf("%d kills at the commits of one flow", kills)
		if database == "" {
			sound(t, p.program)
		}
	})
}

// passage is one person's way through the flow. Each step is repeated when the
// program died before it answered.
type passage struct {
	t     *testing.T
	p     *mortalProgram
	r     *receivers
	email string
	b     *rptest.Browser
	kills int
}

// again revives the program if it is gone and tells whether it was.
func (j *passage) again(status int) bool {
	if status != gone {
		return false
	}
	j.revive()
	return true
}

func (j *passage) revive() {
	j.t.Helper()
	if j.kills++; j.kills > 1 {
		j.t.Fatalf("%s: died again by itself\n%s", j.email, j.p.Log)
	}
	j.p.kill()
	j.p.start()
	wholeRows(j.t, j.p.Web.Database, j.email)
}

func (j *passage) travel() {
	j.t.Helper()
	w := j.p.Web
	j.b = w.Browser()
	j.b.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.1", secret.Bytes(1)[0])) // registrations of a network are few (RL8)
	j.register()
	first := j.tokens("app0")
	second := j.tokens("app1")
	for {
		a := w.Refresh("app0", first.Get("refresh_token"))
		if a.Status == http.StatusOK {
			break
		}
		if !j.again(a.Status) {
			j.t.Fatalf("%s: refresh answered %d %s", j.email, a.Status, a.Raw)
		}
	}
	hint := url.Values{"id_token_hint": {second.Get("id_token")}, "post_logout_redirect_uri": {rptest.Bye}}
	for {
		out := j.b.Get("/endsession?" + hint.Encode())
		if out.Status() == http.StatusSeeOther && strings.HasPrefix(out.Location(), rptest.Bye) {
			break
		}
		if !j.again(out.Status()) {
			j.t.Fatalf("%s: signing out answered %d\n%s", j.email, out.Status(), out.Body)
		}
	}
	j.settle(second)
	for client, tokens := range map[string]*rptest.Answer{"app0": first, "app1": second} {
		a := w.Refresh(client, tokens.Get("refresh_token"))
		if j.again(a.Status) {
			a = w.Refresh(client, tokens.Get("refresh_token"))
		}
		if a.Status != http.StatusBadRequest {
			j.t.Errorf("%s: signed out, and a refresh answers %d", j.email, a.Status)
		}
	}
}

// register ends with a session in the browser. Whoever got no answer sends the
// form again, and signs in when the address is taken: by themselves.
func (j *passage) register() {
	j.t.Helper()
	w, create := j.p.Web, url.Values{"prompt": {"create"}}
	var said []string
	for range 4 {
		form := j.b.Follow(j.b.Get(w.Authorize("app0", create)))
		if j.again(form.Status()) {
			continue
		}
		p := j.b.Submit(form, url.Values{"email": {j.email}, "password": {rptest.Password}})
		if j.again(p.Status()) {
			p = j.b.Submit(form, url.Values{"email": {j.email}, "password": {rptest.Password}})
		}
		if p.Status() == http.StatusSeeOther {
			return
		}
		said = append(said, fmt.Sprint(p.Status(), p.Text("notice"), p.URL))
		p = j.b.Login(w.Authorize("app0", nil), j.email, rptest.Password)
		if j.again(p.Status()) {
			continue
		}
		if p.Status() == http.StatusSeeOther {
			return
		}
		said = append(said, fmt.Sprint(p.Status(), " ", p.Text("notice"), p.URL))
	}
	j.t.Fatalf("%s: neither registered nor signed in: %q", j.email, said)
}

// tokens visits an application. A code that may have been redeemed is not sent
// again: it would end its grant.
func (j *passage) tokens(client string) *rptest.Answer {
	j.t.Helper()
	w := j.p.Web
	for range 4 {
		p := j.b.Get(w.Authorize(client, nil))
		if j.again(p.Status()) {
			continue
		}
		a := w.Redeem(client, p.Code(j.t))
		if a.Status == http.StatusOK {
			return a
		}
		if !j.again(a.Status) {
			j.t.Fatalf("%s: %s got %d %s", j.email, client, a.Status, a.Raw)
		}
	}
	j.t.Fatalf("%s: no tokens for %s", j.email, client)
	return nil
}

// settle waits until the deliveries of the session have been recorded, or the
// program dies of them. What a dead worker held is looked at in the end.
func (j *passage) settle(a *rptest.Answer) {
	j.t.Helper()
	if j.kills > 0 {
		return
	}
	sid, _ := j.p.Web.Claims(a.Get("id_token"))["sid"].(string)
	db := open(j.t, j.p.Web.Database)
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case <-j.p.died:
			j.revive()
			return
		case <-tick.C:
			if n := read(j.t, db, `SELECT COUNT(*) FROM outbox WHERE state = 'delivered' AND sid = '`+sid+`'`); n[0] == "2" {
				return
			}
		case <-deadline:
			j.t.Fatalf("%s: not delivered\n%s", j.email, j.p.Log)
		}
	}
}

// halves are questions whose answer is no row, whenever the program is killed.
var halves = map[string]string{
	"an account without identifier, password or record": `SELECT a.email FROM accounts AS a WHERE a.password_hash = ''
		OR 1 <> (SELECT COUNT(*) FROM identifiers AS i WHERE i.tenant = a.tenant AND i.sub = a.sub)
		OR 1 <> (SELECT COUNT(*) FROM audit AS e WHERE e.tenant = a.tenant AND e.sub = a.sub AND e.kind = 'account.create')`,
	"an identifier without account": `SELECT i.key FROM identifiers AS i WHERE NOT EXISTS
		(SELECT 1 FROM accounts AS a WHERE a.tenant = i.tenant AND a.sub = i.sub)`,
	"a session without account or record": `SELECT s.sid FROM sessions AS s
		WHERE NOT EXISTS (SELECT 1 FROM accounts AS a WHERE a.tenant = s.tenant AND a.sub = s.sub)
		OR 1 <> (SELECT COUNT(*) FROM audit AS e WHERE e.tenant = s.tenant AND e.sid = s.sid AND e.kind = 'session.begin')`,
	"an end without record, or a record without end": `SELECT s.sid FROM sessions AS s
		WHERE (CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END)
		<> (SELECT COUNT(*) FROM audit AS e WHERE e.tenant = s.tenant AND e.sid = s.sid AND e.kind = 'session.end')`,
	"a participant that hears nothing of an end, or something twice, or too early": `SELECT s.sid, p.client_id FROM participants AS p
		JOIN sessions AS s ON s.tenant = p.tenant AND s.id = p.session WHERE p.client_id LIKE 'app%'
		AND (CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END)
		<> (SELECT COUNT(*) FROM outbox AS o WHERE o.tenant = s.tenant AND o.session = s.id AND o.lane = 'logout/default/' || p.client_id)`,
	"a job of nobody's": `SELECT o.lane, o.sid FROM outbox AS o WHERE NOT EXISTS (SELECT 1 FROM participants AS p
		WHERE p.tenant = o.tenant AND p.session = o.session AND o.lane = 'logout/default/' || p.client_id)`,
	"a grant without its session or outside of it": `SELECT g.client_id FROM grants AS g WHERE NOT EXISTS (SELECT 1 FROM participants AS p
		WHERE p.tenant = g.tenant AND p.session = g.session AND p.client_id = g.client_id)`,
	"a refresh token without a redeemed code": `SELECT r.id FROM refresh_tokens AS r WHERE NOT EXISTS (SELECT 1 FROM grants AS g
		WHERE g.tenant = r.tenant AND g.id = r.grant_id AND g.code_used_at IS NOT NULL)`,
	"a delivery without record": `SELECT o.sid FROM outbox AS o WHERE (CASE WHEN o.state = 'delivered' THEN 1 ELSE 0 END)
		<> (SELECT COUNT(*) FROM audit AS e WHERE e.tenant = o.tenant AND e.sid = o.sid AND e.kind = 'logout.delivered'
			AND o.lane = 'logout/default/' || e.client_id)`,
}

func wholeRows(t *testing.T, database, when string) {
	t.Helper()
	db := open(t, database)
	defer db.Close()
	for what, query := range halves {
		if rows := read(t, db, query); len(rows) > 0 {
			t.Errorf("%s: %s: %v", when, what, rows)
		}
	}
}

// everyoneIsTold waits for what the dead held, and compares what is recorded with
// what the applications heard.
func everyoneIsTold(t *testing.T, p *mortalProgram, r *receivers) {
	t.Helper()
	db := open(t, p.Web.Database)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); read(t, db, `SELECT COUNT(*) FROM outbox WHERE state <> 'delivered'`)[0] != "0"; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not all are told:\n%v\n%s", read(t, db, `SELECT * FROM outbox WHERE state <> 'delivered'`), p.Log)
		}
	}
	wholeRows(t, p.Web.Database, "in the end")
	heard := map[string]bool{}
	for _, app := range apps(2) {
		for _, c := range r.told(app) {
			heard[app+" "+c.SID] = true
		}
	}
	ended := read(t, db, `SELECT p.client_id || ' ' || s.sid FROM participants AS p JOIN sessions AS s ON s.tenant = p.tenant AND s.id = p.session
		WHERE s.ended_at IS NOT NULL AND p.client_id LIKE 'app%'`)
	for _, one := range ended {
		if !heard[one] {
			t.Errorf("%s is recorded as told and was not", one)
		}
	}
	if len(heard) != len(ended) {
		t.Errorf("%d ends were told, %d are recorded", len(heard), len(ended))
	}
}
