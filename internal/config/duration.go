package config

import (
	"errors"
	"strings"
	"time"
)

// Duration is a time span written as Go does: "60s", "15m", "336h". Its text form
// serves YAML and JSON (always a string there); it is never negative.
type Duration time.Duration

// D is the value as the standard library has it.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String is the shortest Go form: 336h, not 336h0m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. A number without a unit is
// refused, because seconds, minutes and days are all equally plausible.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New("expected a duration with its unit, such as 60s, 15m or 336h")
	}
	if v < 0 {
		return errors.New("expected a duration that is not negative")
	}
	*d = Duration(v)
	return nil
}
