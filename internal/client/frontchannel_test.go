package client

import "testing"

// LO9: what is stored is judged again when it is used.
func TestLO9_FrontChannelAddressIsJudgedAtUse(t *testing.T) {
	t.Parallel()
	off := false
	for name, c := range map[string]struct {
		uri     string
		enabled *bool
		want    string // origin, "" when it must not be used
	}{
		"registered":                {"https://app.example.com/fc?a=1", nil, "https://app.example.com"},
		"with the default port":     {"https://app.example.com:443/fc", nil, "https://app.example.com"},
		"in capitals":               {"https://APP.example.com/fc", nil, "https://app.example.com"},
		"none":                      {"", nil, ""},
		"of a disabled client":      {"https://app.example.com/fc", &off, ""},
		"of another origin":         {"https://evil.example/fc", nil, ""},
		"by http":                   {"http://app.example.com/fc", nil, ""},
		"that leaves the attribute": {`https://app.example.com/"><script>`, nil, ""},
		"that leaves the directive": {"https://app.example.com;script-src *", nil, ""},
		"of many origins":           {"https://*.example.com/fc", nil, ""},
		"with a line end":           {"https://app.example.com/fc\r\nX: y", nil, ""},
		"that runs":                 {"javascript:alert(1)//https://app.example.com", nil, ""},
		"with user information":     {"https://app.example.com@evil.example/fc", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := &Client{Spec: Spec{RedirectURIs: []string{"https://app.example.com/cb"}, FrontchannelLogoutURI: c.uri, Enabled: c.enabled}, Origin: FromOperator}
			uri, origin, ok := x.FrontChannel()
			if origin != c.want || ok != (c.want != "") || ok && uri != c.uri {
				t.Errorf("%q: %q %q %v", c.uri, uri, origin, ok)
			}
		})
	}
}
