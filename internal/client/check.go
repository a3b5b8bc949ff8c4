package client

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/foyer-id/foyer/internal/oidc"
)

// CheckContext is what the rules must know beside the metadata.
type CheckContext struct {
	// Origin is who makes or changes the client.
	Origin Origin
	// Dialect is the tenant's.
	Dialect string
	// PlainHTTP: the operator allows private networks to outgoing calls, so that
	// addresses that Foyer calls may be plain http (spec/logout.md §3).
	PlainHTTP bool
}

// Check lists everything that is wrong with a client's metadata (findings) and
// everything that is allowed but probably not meant (warnings), by pointer.
func Check(s *Spec, c CheckContext) (findings, warnings []Finding) {
	in := checked{Client: &Client{Spec: *s, Origin: c.Origin}, CheckContext: c}
	return run(rules, in), run(advice, in)
}

// checked is what a rule looks at.
type checked struct {
	*Client
	CheckContext
}

// rule is one demand on a member.
type rule struct {
	member, cite string
	check        func(in checked, r *report)
}

// report collects what a rule finds.
type report struct {
	rule
	found []Finding
}

// say adds a finding at an item of the member's list, or with -1 at the member.
func (r *report) say(item int, format string, args ...any) {
	r.add(item, Finding{Message: fmt.Sprintf(format, args...), Cite: r.cite})
}

// add adds a finding that cites for itself.
func (r *report) add(item int, f Finding) {
	f.Pointer = "/" + r.member
	if item >= 0 {
		f.Pointer += "/" + strconv.Itoa(item)
	}
	r.found = append(r.found, f)
}

func run(table []rule, in checked) []Finding {
	var out []Finding
	for _, t := range table {
		r := report{rule: t}
		t.check(in, &r)
		out = append(out, r.found...)
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(a.Pointer, b.Pointer) })
	return out
}

// rules are what makes metadata acceptable.
var rules = slices.Concat(identityRules, authRules, grantRules, addressRules, tokenRules, ownRules)

var identityRules = []rule{
	{"client_id", "RFC 6749 §2.2", func(in checked, r *report) {
		switch {
		case in.ClientID == "":
			r.say(-1, "is required")
		case len(in.ClientID) > 200:
			r.say(-1, "is longer than 200 characters")
		case !visible(in.ClientID):
			r.say(-1, "may have printable ASCII characters only, and no spaces")
		}
	}},
	{"client_name", "RFC 7591 §2", func(in checked, r *report) {
		if len(in.ClientName) > 200 {
			r.say(-1, "is longer than 200 bytes")
		}
	}},
	{"application_type", "OIDC Registration §2", oneOf(func(in checked) string { return in.ApplicationType }, "web", "native")},
	{"subject_type", "OIDC Core §8", oneOf(func(in checked) string { return in.SubjectType }, "public", "pairwise")},
	{"scope", "RFC 6749 §3.3", func(in checked, r *report) {
		if !scopeChars(in.Scope) {
			r.say(-1, `is a list separated by single spaces; names have printable ASCII characters without " and \`)
		} else if len(oidc.Fields(in.Scope)) > 100 {
			r.say(-1, "has more than 100 names")
		}
	}},
	{"default_max_age", "OIDC Registration §2", func(in checked, r *report) {
		if in.DefaultMaxAge != nil && *in.DefaultMaxAge < 0 {
			r.say(-1, "is a number of seconds, 0 or more")
		}
	}},
}

// advice is what is accepted but should be known.
var advice = []rule{
	{"grant_types", "RFC 7591 §2", func(in checked, r *report) {
		for i, g := range in.GrantTypes {
			if slices.Contains(laterGrants, g) {
				r.say(i, "%s is not available yet; the client will be refused when it uses it", g)
			}
		}
	}},
	{"subject_type", "OIDC Core §8.1", func(in checked, r *report) {
		if in.SubjectType == "pairwise" {
			r.say(-1, "pairwise is not available yet; sub will be public")
		}
	}},
	{"required_fields", "Foyer operating §3", func(in checked, r *report) {
		if len(in.RequiredFields) > 0 {
			r.say(-1, "is not available yet; nothing will be asked for")
		}
	}},
	{"frontchannel_logout_uri", "Front-Channel §4.1", func(in checked, r *report) {
		if in.FrontchannelLogoutURI != "" {
			r.say(-1, "cross-site iframes lose their cookies in today's browsers; use backchannel_logout_uri")
		}
	}},
	{"client_secret", "RFC 6749 §10.10", func(in checked, r *report) {
		if needsSecret(in.Method()) && weakSecret(in.ClientSecret) {
			r.say(-1, "can be guessed; leave it out and one of 256 bits will be made, or give at least 20 random characters")
		}
		if in.ClientSecret != "" && in.Method() == MethodPrivateKeyJWT {
			r.say(-1, "is not used with private_key_jwt")
		}
	}},
	{"redirect_uris", "RFC 8252 §8.3", func(in checked, r *report) {
		for i, u := range in.RedirectURIs {
			if in.Native() && originHost(u) == "localhost" {
				r.say(i, "localhost matches this port only and may resolve elsewhere; register http://127.0.0.1 or http://[::1], which match any port")
			}
		}
	}},
}

func oneOf(value func(checked) string, allowed ...string) func(checked, *report) {
	return func(in checked, r *report) {
		if v := value(in); v != "" && !slices.Contains(allowed, v) {
			r.say(-1, "must be %s", list(allowed))
		}
	}
}

// list writes "a, b or c".
func list(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		out := words[0]
		for _, w := range words[1 : n-1] {
			out += ", " + w
		}
		return fmt.Sprintf("%s or %s", out, words[n-1])
	}
}
