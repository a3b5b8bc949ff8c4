package op_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var life = map[bool]string{true: "alive", false: "dead"}

// expect checks one line of an expectation against the last answer:
//
//	status 303                  header Vary: Accept      no header Location
//	to https://app/cb           where it redirects, without query and fragment
//	screen /login               it leads to that screen with a sealed request
//	only code state iss         exactly these parameters go back
//	param state=x               of the query       fragment state=x   field state=x (form_post)
//	error invalid_request       with a description, state and iss as they should be
//	ends ?x=1&state=2           the address ends like this, byte for byte
//	id error-code=unknown       an element and its text   no id return
//	leads to evil / no leads to evil   any link, form or picture of the page
//	body {"a":1}                exactly      json scope=openid      no json id_token
//	claim id_token nonce=n      of a JWT in the JSON
//	attr logout-everywhere class=quiet
//	keep code                   a parameter of the answer; keep json refresh_token as second
//	session alive | dead        tokens alive | dead (of the setup)   elsewhere alive | dead
//	ended 1                     so many records of the end of the session {sid}
func (v *vector) expect(line string) {
	v.Helper()
	verb, rest, _ := strings.Cut(v.fill(line), " ")
	no := verb == "no"
	if no {
		verb, rest, _ = strings.Cut(rest, " ")
	}
	name, want, valued := strings.Cut(rest, "=")
	switch p := v.page; verb {
	case "status":
		v.same(line, strconv.Itoa(p.Status()), rest)
	case "header":
		v.expectHeader(line, rest, no)
	case "to", "screen", "only", "param", "fragment", "error", "ends":
		v.expectAddress(line, verb, rest, no)
	case "field":
		_, fields := p.Form()
		v.value(line, fields, name, want, valued, no)
	case "action":
		action, _ := p.Form()
		v.same(line, action, rest)
	case "id":
		if p.Has(name) == no {
			v.Errorf("%s: has it: %v", line, !no)
		} else if valued {
			v.same(line, p.Text(name), want)
		}
	case "leads":
		if p.LeadsTo(strings.TrimPrefix(rest, "to ")) == no {
			v.Errorf("%s: %v", line, no)
		}
	case "body":
		v.same(line, p.Body.String(), rest)
	case "keep":
		v.keep(rest)
	case "json", "claim":
		v.expectJSON(line, verb, rest, no)
	case "attr":
		id, attr, _ := strings.Cut(name, " ")
		v.same(line, p.Attr(id, attr), want)
	case "session":
		v.same(line, life[v.b.Alive()], rest)
	case "elsewhere":
		v.same(line, life[v.far.Alive()], rest)
	case "tokens":
		u := v.w.Fetch("/userinfo", "Authorization", "Bearer "+v.kept["access_token"])
		v.same(line, life[u.Status == http.StatusOK], rest)
		v.same(line, life[v.w.Refresh(v.kept["client"], v.kept["refresh_token"]).Status == http.StatusOK], rest)
	case "ended":
		n := 0
		for _, r := range v.w.Audit("default", "session.end") {
			if r.SID == v.kept["sid"] {
				n++
			}
		}
		v.same(line, strconv.Itoa(n), rest)
	default:
		v.Fatalf("expect does not know %q", line)
	}
}

func (v *vector) same(line, got, want string) {
	v.Helper()
	if got != want {
		v.Errorf("%s: got %q", line, got)
	}
}

func (v *vector) value(line string, values url.Values, name, want string, valued, no bool) {
	v.Helper()
	list, has := values[name]
	switch {
	case has == no, !no && len(list) != 1:
		v.Errorf("%s: got %q", line, list)
	case valued:
		v.same(line, list[0], want)
	}
}

// keep remembers a value of the answer for later requests.
func (v *vector) keep(what string) {
	v.Helper()
	words := strings.Fields(what)
	name, value := words[0], v.page.Answer().Get(words[0])
	if name == "json" {
		var m map[string]any
		if err := json.Unmarshal(v.page.Body.Bytes(), &m); err != nil {
			v.Fatal(err)
		}
		name = words[3]
		value, _ = m[words[1]].(string)
	}
	if v.kept[name] = value; value == "" {
		v.Errorf("keep %s: there is none", what)
	}
}

func (v *vector) expectHeader(line, rest string, no bool) {
	v.Helper()
	name, want, valued := strings.Cut(rest, ": ")
	got := v.page.Header().Values(name)
	switch {
	case no && len(got) > 0, !no && len(got) == 0:
		v.Errorf("%s: got %q", line, got)
	case strings.HasPrefix(want, "~"):
		if !strings.Contains(strings.Join(got, ", "), want[1:]) {
			v.Errorf("%s: got %q", line, got)
		}
	case valued:
		v.same(line, strings.Join(got, ", "), want)
	}
}

func (v *vector) expectAddress(line, verb, rest string, no bool) {
	v.Helper()
	u, err := url.Parse(v.page.Location())
	if err != nil {
		v.Fatalf("%s: %v", line, err)
	}
	fragment, err := url.ParseQuery(u.EscapedFragment())
	if err != nil {
		v.Fatalf("%s: %v", line, err)
	}
	name, want, valued := strings.Cut(rest, "=")
	switch verb {
	case "to":
		u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
		v.same(line, u.String(), rest)
	case "screen":
		given := u.Query()
		given.Del("ui_locales") // a bounce keeps it in sight
		if u.Path != rest || !given.Has("r") || len(given) != 1 {
			v.Errorf("%s: got %q", line, v.page.Location())
		}
	case "only":
		var names []string
		for n := range merged(u.Query(), fragment) {
			names = append(names, n)
		}
		slices.Sort(names)
		wanted := strings.Fields(rest)
		slices.Sort(wanted)
		v.same(line, fmt.Sprint(names), fmt.Sprint(wanted))
	case "param":
		v.value(line, u.Query(), name, want, valued, no)
	case "fragment":
		v.value(line, fragment, name, want, valued, no)
	case "error":
		v.expectError(line, merged(u.Query(), fragment), rest)
	case "ends":
		if !strings.HasSuffix(v.page.Location(), rest) {
			v.Errorf("%s: got %q", line, v.page.Location())
		}
	}
}

// expectError is what every error that goes back to a client has (RFC 6749
// §4.1.2.1, RFC 9207 §2).
func (v *vector) expectError(line string, a url.Values, code string) {
	v.Helper()
	v.same(line, strconv.Itoa(v.page.Status()), "303")
	v.same(line, a.Get("error"), code)
	if a.Get("error_description") == "" || a.Get("iss") == "" || a.Has("code") {
		v.Errorf("%s: got %v", line, a)
	}
}

func merged(a, b url.Values) url.Values {
	out := url.Values{}
	for _, m := range []url.Values{a, b} {
		for k, list := range m {
			out[k] = append(out[k], list...)
		}
	}
	return out
}

func (v *vector) expectJSON(line, verb, rest string, no bool) {
	v.Helper()
	var m map[string]any
	if err := json.Unmarshal(v.page.Body.Bytes(), &m); err != nil {
		v.Fatalf("%s: not JSON: %s", line, v.page.Body)
	}
	if verb == "claim" {
		member, claim, _ := strings.Cut(rest, " ")
		jwt, _ := m[member].(string)
		m, rest = v.w.Claims(jwt), claim
	}
	name, want, valued := strings.Cut(rest, "=")
	got, has := m[name]
	switch {
	case has == no:
		v.Errorf("%s: got %v", line, got)
	case valued:
		v.same(line, fmt.Sprint(got), want)
	}
}
