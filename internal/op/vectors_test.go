package op_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestVectors runs testdata/*/*.txtar, the protocol as files, on both
// databases and on two nodes that take the requests in turn. A file is a sentence, a cite, an optional setup, and requests each
// with what is expected of the answer:
//
//	-- cite --     the clause, mandatory
//	-- setup --    as NAME (five minutes ago) | elsewhere NAME | tokens CLIENT [SCOPE] | code CLIENT |
//	               let NAME=VALUE | nobody (no cookies)
//	-- request --  METHOD PATH [@CLIENT], FOLLOW or SUBMIT, then one a line:
//	               name=value    a parameter; after @CLIENT it replaces the usual one, "" removes it
//	               & raw         appended to where the parameters are, as it is
//	               ? raw         appended to the query of a POST
//	               Name: value   a header; "Basic: CLIENT" authenticates
//	-- expect --   see expectation
//
// {name} stands for what the setup kept, "{x*100}" for a hundred x.
func TestVectors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("found %d vectors: %v", len(files), err)
	}
	rptest.BothAndNodes(t, tenants, func(t *testing.T, shared *rptest.World) {
		selfRegistered(shared)
		for _, file := range files {
			t.Run(strings.TrimPrefix(file, "testdata/"), func(t *testing.T) {
				t.Parallel()
				runVector(t, shared, file)
			})
		}
	})
}

// person is the address of somebody who occurs in this vector alone.
func (v *vector) person(name string) string {
	return name + "." + strings.ReplaceAll(v.kept["vector"], "/", ".") + "@example.com"
}

// vector is one file while it runs.
type vector struct {
	*testing.T
	w    *rptest.World
	b    *rptest.Browser
	far  *rptest.Browser // of "elsewhere"
	kept map[string]string
	page *rptest.Page
}

func runVector(t *testing.T, w *rptest.World, file string) {
	comment, sections := readTxtar(t, file)
	v := &vector{T: t, w: w, b: w.Browser(), kept: map[string]string{"vector": strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".txtar")}}
	cited, expected := false, 0
	for i, s := range sections {
		switch s.name {
		case "cite":
			cited = len(s.lines()) > 0
		case "setup":
			v.setup(s)
		case "request":
			v.request(s)
		case "expect":
			expected++
			for _, line := range s.lines() {
				v.expect(line)
			}
		default:
			t.Fatalf("%s: section %d is called %q", file, i, s.name)
		}
	}
	if !cited || expected == 0 || comment == "" {
		t.Errorf("%s: a vector has a sentence, a cite and an expectation", file)
	}
	if t.Failed() && v.page != nil {
		t.Logf("%s\nthe last answer: %d %v\n%.3000s", comment, v.page.Status(), v.page.Header(), v.page.Body)
		for line := range strings.Lines(w.Log.String()) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Log(line)
			}
		}
	}
}

func (v *vector) setup(s section) {
	v.Helper()
	for _, line := range s.lines() {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "as":
			s := v.b.Enter("default", v.person(rest), 5*time.Minute)
			v.kept["sid"], v.kept["sub"] = s.SID, s.Sub
		case "nobody":
			v.b = v.w.Browser()
		case "elsewhere":
			v.far = v.w.Browser()
			v.kept["far_sid"] = v.far.Enter("default", v.person(rest), 5*time.Minute).SID
		case "let":
			name, value, _ := strings.Cut(rest, "=")
			v.kept[name] = v.fill(value)
		case "code":
			v.kept["code"] = v.b.Get(v.w.Authorize(rest, nil)).Code(v)
		case "tokens":
			client, scope, _ := strings.Cut(rest, " ")
			with := url.Values{}
			if scope != "" {
				with.Set("scope", scope)
			}
			a := v.b.Tokens(client, with)
			v.kept["client"] = client
			for _, name := range []string{"access_token", "refresh_token", "id_token"} {
				v.kept[name] = a.Get(name)
			}
		default:
			v.Fatalf("setup does not know %q", line)
		}
	}
}

var (
	placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)
	repetition  = regexp.MustCompile(`\{([^{}*]+)\*(\d+)\}`)
	headerLine  = regexp.MustCompile(`^([A-Z][A-Za-z-]*): (.*)$`)
)

// fill puts in what was kept.
func (v *vector) fill(s string) string {
	s = placeholder.ReplaceAllStringFunc(s, func(m string) string {
		value, ok := v.kept[m[1:len(m)-1]]
		if !ok {
			v.Fatalf("nothing is kept as %s", m)
		}
		return value
	})
	return repetition.ReplaceAllStringFunc(s, func(m string) string {
		part := repetition.FindStringSubmatch(m)
		n, _ := strconv.Atoi(part[2])
		return strings.Repeat(part[1], n)
	})
}

func (v *vector) request(s section) {
	v.Helper()
	lines := s.lines()
	first := strings.Fields(v.fill(lines[0]))
	switch first[0] {
	case "FOLLOW":
		v.page = v.b.Follow(v.page)
		return
	case "SUBMIT":
		with := url.Values{}
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(v.fill(line), "=")
			with.Add(name, value)
		}
		v.page = v.b.Submit(v.page, with)
		return
	}
	method, target := first[0], first[1]
	params := url.Values{}
	if len(first) > 2 {
		u, err := url.Parse(v.w.Authorize(strings.TrimPrefix(first[2], "@"), nil))
		if err != nil {
			v.Fatal(err)
		}
		params = u.Query()
	}
	raw, query := "", ""
	header := http.Header{}
	for _, line := range lines[1:] {
		line = v.fill(line)
		if m := headerLine.FindStringSubmatch(line); m != nil {
			v.header(header, m[1], m[2])
			continue
		}
		switch {
		case strings.HasPrefix(line, "& "):
			raw += "&" + line[2:]
		case strings.HasPrefix(line, "? "):
			query += line[2:]
		default:
			name, value, _ := strings.Cut(line, "=")
			if params.Set(name, value); value == "" {
				params.Del(name)
			}
		}
	}
	v.page = v.send(method, target, strings.TrimPrefix(params.Encode()+raw, "&"), query, header)
}

func (v *vector) header(h http.Header, name, value string) {
	if name == "Basic" {
		r := http.Request{Header: h}
		r.SetBasicAuth(value, rptest.Secret)
		return
	}
	h.Set(name, value)
}

// send gives a POST its parameters as a form and any other request as a query.
func (v *vector) send(method, target, params, query string, h http.Header) *rptest.Page {
	v.Helper()
	if method == http.MethodPost {
		if query != "" {
			target += "?" + query
		}
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return v.b.Send(method, target, params, h)
	}
	if params != "" {
		target += "?" + params
	}
	if h.Get("Sec-Fetch-Dest") == "" {
		h.Set("Sec-Fetch-Dest", "document")
	}
	return v.b.Send(method, target, "", h)
}
