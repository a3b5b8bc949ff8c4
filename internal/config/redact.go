package config

import (
	"log/slog"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

const redacted = "[redacted]"

// Secret prints, logs and marshals as [redacted]; string(s) is the value.
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString keeps the value out of %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DSN names a database. It prints, logs and marshals without its password;
// string(d) is the value to connect with.
type DSN string

// secretParam also ends at blanks and commas: over-long is fine, short is not.
var secretParam = regexp.MustCompile(`(?i)([?&;\s](?:ssl)?password=)[^&]*`)

// String replaces the password. It does not parse, because a DSN that does not
// parse is exactly the one that gets printed: everything from the first colon of
// the authority to the last @ goes.
func (d DSN) String() string {
	scheme, rest, ok := strings.Cut(string(d), "://")
	if !ok {
		return secretParam.ReplaceAllString(string(d), "${1}"+redacted)
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, _, secret := strings.Cut(rest[:at], ":")
		if secret {
			user += ":" + redacted
		}
		rest = user + rest[at:]
	}
	return scheme + "://" + secretParam.ReplaceAllString(rest, "${1}"+redacted)
}

// GoString keeps the password out of %#v.
func (d DSN) GoString() string { return d.String() }

// LogValue implements slog.LogValuer.
func (d DSN) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText implements encoding.TextMarshaler.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the effective configuration as YAML, without secrets.
func (s *Server) String() string {
	text, err := yaml.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// GoString keeps secrets out of %#v.
func (s *Server) GoString() string { return s.String() }

// LogValue implements slog.LogValuer: every key that is not empty, no secrets.
func (s *Server) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, k := range Keys() {
		if f := reflect.ValueOf(s).Elem().FieldByIndex(k.index); !f.IsZero() {
			attrs = append(attrs, slog.Any(k.Path, f.Interface()))
		}
	}
	return slog.GroupValue(attrs...)
}
