package rp

import (
	"net/url"
	"strings"
)

// maxReturn bounds a return address in bytes; it travels in a cookie.
const maxReturn = 1024

// LocalPath tells whether s is a path of this site to send a browser to: one
// slash, then no second one and no backslash anywhere, which browsers read as a
// slash, nothing that they leave out (controls, spaces), no scheme and no host.
// Anything else could lead away (CWE-601).
func LocalPath(s string) bool {
	if len(s) > maxReturn || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.HasPrefix(u.Path, "//") && !strings.Contains(u.Path, `\`)
}
