package client

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/oidc"
)

func basic(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }

func form(t testing.TB, s string) oidc.Form {
	t.Helper()
	f, err := oidc.ParseForm(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// unsigned is an assertion whose claims can be read and prove nothing.
func unsigned(sub string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"ES256","kid":"a"}`)) + "." + enc([]byte(`{"iss":"`+sub+`","sub":"`+sub+`"}`)) + "." + enc(make([]byte, 64))
}

const jwtType = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

func TestCA5_Credentials(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		header, form string
		want         Credentials
		code         oidc.Code
	}{
		"basic":                             {header: basic("web:s3cret"), want: Credentials{Method: MethodBasic, ClientID: "web", Secret: "s3cret"}},
		"basic, small letters":              {header: "bAsIc " + basic("web:s")[6:], want: Credentials{Method: MethodBasic, ClientID: "web", Secret: "s"}},
		"basic, urlencoded":                 {header: basic("https%3A%2F%2Fa.example:s%25+%2B%3A"), want: Credentials{Method: MethodBasic, ClientID: "https://a.example", Secret: "s% +:"}},
		"basic, colons in the secret":       {header: basic("web:a:b"), want: Credentials{Method: MethodBasic, ClientID: "web", Secret: "a:b"}},
		"basic, same client_id in the body": {header: basic("web:s"), form: "client_id=web", want: Credentials{Method: MethodBasic, ClientID: "web", Secret: "s"}},
		"basic, empty secret is none":       {header: basic("spa:"), want: Credentials{Method: MethodNone, ClientID: "spa"}},
		"post":                              {form: "client_id=web&client_secret=s", want: Credentials{Method: MethodPost, ClientID: "web", Secret: "s"}},
		"post, empty secret is none":        {form: "client_id=spa&client_secret=", want: Credentials{Method: MethodNone, ClientID: "spa"}},
		"public":                            {form: "client_id=spa", want: Credentials{Method: MethodNone, ClientID: "spa"}},
		"assertion": {form: jwtType + "&client_assertion=" + unsigned("svc"),
			want: Credentials{Method: MethodPrivateKeyJWT, ClientID: "svc", Assertion: unsigned("svc")}},
		"assertion with its client_id": {form: jwtType + "&client_id=svc&client_assertion=" + unsigned("svc"),
			want: Credentials{Method: MethodPrivateKeyJWT, ClientID: "svc", Assertion: unsigned("svc")}},

		"nothing":                          {code: oidc.InvalidClient},
		"a secret alone":                   {form: "client_secret=s", code: oidc.InvalidClient},
		"two ways: basic and post":         {header: basic("web:s"), form: "client_secret=s", code: oidc.InvalidRequest},
		"two ways: basic and assertion":    {header: basic("web:s"), form: jwtType + "&client_assertion=" + unsigned("web"), code: oidc.InvalidRequest},
		"two ways: post and assertion":     {form: jwtType + "&client_secret=s&client_assertion=" + unsigned("web"), code: oidc.InvalidRequest},
		"two clients":                      {header: basic("web:s"), form: "client_id=other", code: oidc.InvalidRequest},
		"client_id twice":                  {form: "client_id=a&client_id=b", code: oidc.InvalidRequest},
		"assertion of another":             {form: jwtType + "&client_id=web&client_assertion=" + unsigned("svc"), code: oidc.InvalidClient},
		"assertion without type":           {form: "client_assertion=" + unsigned("svc"), code: oidc.InvalidRequest},
		"type without assertion":           {form: jwtType, code: oidc.InvalidRequest},
		"assertion of another type":        {form: "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer&client_assertion=" + unsigned("svc"), code: oidc.InvalidClient},
		"assertion that is none":           {form: jwtType + "&client_assertion=x.y.z", code: oidc.InvalidClient},
		"assertion without sub":            {form: jwtType + "&client_assertion=" + unsigned(""), code: oidc.InvalidClient},
		"basic, %zz":                       {header: basic("web:%zz"), code: oidc.InvalidClient},
		"basic, % in the id":               {header: basic("%:x"), code: oidc.InvalidClient},
		"basic, no colon":                  {header: basic("web"), code: oidc.InvalidClient},
		"basic, no id":                     {header: basic(":s"), code: oidc.InvalidClient},
		"basic, NUL":                       {header: basic("we\x00b:s"), code: oidc.InvalidClient},
		"basic, encoded NUL":               {header: basic("web%00:s"), code: oidc.InvalidClient},
		"basic, not UTF-8":                 {header: basic("\xff\xfe:s"), code: oidc.InvalidClient},
		"basic, not base64":                {header: "Basic !!!", code: oidc.InvalidClient},
		"basic, base64url":                 {header: "Basic d2ViOj8_Pz8_", code: oidc.InvalidClient},
		"basic, no padding":                {header: strings.TrimRight(basic("web:s"), "="), code: oidc.InvalidClient},
		"basic, trailing bits":             {header: "Basic d2ViOnMx0B==", code: oidc.InvalidClient},
		"basic, a line end":                {header: "Basic d2ViOnM=\n", code: oidc.InvalidClient},
		"basic, nothing":                   {header: "Basic", code: oidc.InvalidClient},
		"basic, 1 MB":                      {header: basic("web:" + strings.Repeat("x", 1<<20)), code: oidc.InvalidClient},
		"bearer":                           {header: "Bearer x", code: oidc.InvalidClient},
		"a scheme alone":                   {header: "x", code: oidc.InvalidClient},
		"an id of 201 characters":          {form: "client_id=" + strings.Repeat("a", 201), code: oidc.InvalidClient},
		"a secret longer than any we keep": {form: "client_id=a&client_secret=" + strings.Repeat("a", maxSecret+1), code: oidc.InvalidClient},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseCredentials(c.header, form(t, c.form))
			switch {
			case c.code == "" && (err != nil || got != c.want):
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			case c.code != "" && (err == nil || err.Code != c.code || got != (Credentials{})):
				t.Errorf("got %v, %v; want %s", got, err, c.code)
			case err != nil && (err.Description == "" || err.Cite == ""):
				t.Errorf("%+v has no description or no citation", err)
			}
		})
	}
}

func TestCredentialsPrintRedacted(t *testing.T) {
	t.Parallel()
	c := Credentials{Method: MethodBasic, ClientID: "web", Secret: "s3cret", Assertion: "a.b.c"}
	if s := c.String(); strings.Contains(s, "s3cret") || strings.Contains(s, "a.b.c") {
		t.Error(s)
	}
}

// FuzzBasic is E4: never anything but credentials or one of two refusals.
func FuzzBasic(f *testing.F) {
	for _, s := range []string{"", "Basic", "Basic ", basic("a:b"), basic("a:"), basic(":"), basic("%zz:%"), "Basic !!", "bearer x", "Basic " + strings.Repeat("A", 9000), basic("a+b:c+d"), basic("\x00:\xff")} {
		f.Add(s, "")
		f.Add(s, "client_id=a&client_secret=b")
		f.Add(s, jwtType+"&client_assertion="+unsigned("a"))
	}
	f.Fuzz(func(t *testing.T, header, body string) {
		p, refusal := oidc.ParseForm(body)
		if refusal != nil {
			return
		}
		c, err := ParseCredentials(header, p)
		if err != nil {
			if err.Code != oidc.InvalidClient && err.Code != oidc.InvalidRequest || err.Description == "" || !printableASCII(err.Description) || strings.ContainsAny(err.Description, `"\`) {
				t.Errorf("%q: %+v", header, err)
			}
			return
		}
		if c.ClientID == "" || !visible(c.ClientID) || (c.Secret == "") != (c.Method == MethodNone || c.Method == MethodPrivateKeyJWT) {
			t.Errorf("%q: %+v", header, c)
		}
	})
}
