package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// claim is a row of a table.
type claim struct{ Name, Value, Meaning string }

var meanings = map[string]string{
	"iss": "Who issued the token: Foyer.", "sub": "The person: a stable id that means nothing elsewhere.",
	"aud": "Whom the token is for: this application and nobody else.", "azp": "The application that asked for it.",
	"exp": "Not to be accepted after this moment.", "iat": "When it was made.", "nbf": "Not to be accepted before this moment.",
	"auth_time": "When the person really signed in; silent sign-ins do not move it.",
	"nonce":     "The demo’s random value: the token belongs to its request.",
	"acr":       "How strongly the person was authenticated.", "amr": "By what means: pwd is a password.",
	"sid":     "The browser’s session at Foyer: what a sign-out names.",
	"events":  "What happened: a back-channel logout. Only logout tokens have this.",
	"at_hash": "The hash of the access token that came along.", "jti": "The token’s own id.",
	"name": "The full name.", "given_name": "The first name.", "family_name": "The last name.",
	"preferred_username": "What the person likes to be called.", "email": "The e-mail address.",
	"email_verified": "Whether it was proved to be theirs.", "phone_number": "The mobile number (E.164).",
	"phone_number_verified": "Whether it was proved to be theirs.",
	"updated_at":            "When the profile was last changed.", "locale": "The language.", "zoneinfo": "The time zone.",
}

var claimOrder = []string{"events", "sub", "name", "given_name", "family_name", "email", "email_verified", "iss", "aud", "azp", "sid", "auth_time", "amr", "acr", "iat", "exp", "nonce", "at_hash", "jti"}

var times = map[string]bool{"exp": true, "iat": true, "nbf": true, "auth_time": true, "updated_at": true}

// claimRows makes a table of a JSON object.
func claimRows(object []byte, now time.Time) []claim {
	var m map[string]any
	if json.Unmarshal(object, &m) != nil {
		return nil
	}
	rows := make([]claim, 0, len(m))
	for name, v := range m {
		rows = append(rows, claim{name, claimText(name, v, now), meanings[name]})
	}
	rank := func(c claim) int {
		if i := slices.Index(claimOrder, c.Name); i >= 0 {
			return i
		}
		return len(claimOrder)
	}
	slices.SortFunc(rows, func(a, b claim) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.Name, b.Name))
	})
	return rows
}

func claimText(name string, v any, now time.Time) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		if times[name] {
			return when(time.Unix(int64(v), 0), now)
		}
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = claimText("", v[i], now)
		}
		return strings.Join(texts, ", ")
	}
	b, _ := json.Marshal(v) // came from JSON
	return string(b)
}

// when is a time as people read it, beside how far it is.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "not said"
	}
	d := t.Sub(now).Round(time.Second)
	far := "now"
	switch {
	case d > 0:
		far = "in " + span(d)
	case d < 0:
		far = span(-d) + " ago"
	}
	return fmt.Sprintf("%s (%s)", t.UTC().Format("2 Jan 2006 15:04:05 UTC"), far)
}

func span(d time.Duration) string {
	unit := func(n int64, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case d < time.Minute:
		return unit(int64(d/time.Second), "second")
	case d < time.Hour:
		return unit(int64(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return unit(int64(d.Round(time.Hour)/time.Hour), "hour")
	}
	return unit(int64(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

// took is a duration of a hop.
func took(d time.Duration) string {
	switch {
	case d < 50*time.Microsecond:
		return ""
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f\u00a0ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d\u00a0ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f\u00a0s", d.Seconds())
}
