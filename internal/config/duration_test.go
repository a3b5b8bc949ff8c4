package config

import (
	"encoding/json"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want time.Duration
		out  string
	}{
		{"60s", time.Minute, "1m"},
		{"336h", 336 * time.Hour, "336h"},
		{"0s", 0, "0s"},
		{"0", 0, "0s"},
		{"1h30m", 90 * time.Minute, "1h30m"},
		{"1h0m5s", time.Hour + 5*time.Second, "1h0m5s"},
		{"10m", 10 * time.Minute, "10m"},
		{"100h10m", 6010 * time.Minute, "100h10m"},
		{"250ms", 250 * time.Millisecond, "250ms"},
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(c.in)); err != nil || d.D() != c.want || d.String() != c.out {
			t.Errorf("%s is %v (%s), %v; want %v (%s)", c.in, d.D(), d, err, c.want, c.out)
		}
	}
	for _, in := range []string{"", "60", "-1s", "14d", "1 h", "9999999h", "text"} {
		if err := new(Duration).UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

func TestDurationInYAMLAndJSON(t *testing.T) {
	t.Parallel()
	type box struct {
		D Duration `yaml:"d" json:"d"`
	}
	in := box{Duration(336 * time.Hour)}
	y, err := yaml.Marshal(in)
	if err != nil || string(y) != "d: 336h\n" {
		t.Errorf("YAML is %q, %v", y, err)
	}
	j, err := json.Marshal(in)
	if err != nil || string(j) != `{"d":"336h"}` {
		t.Errorf("JSON is %s, %v", j, err)
	}
	var fromYAML, fromJSON box
	if err := DecodeStrict("d", y, &fromYAML); err != nil || fromYAML != in {
		t.Errorf("from YAML %v, %v", fromYAML, err)
	}
	if err := json.Unmarshal(j, &fromJSON); err != nil || fromJSON != in {
		t.Errorf("from JSON %v, %v", fromJSON, err)
	}
	for _, bad := range []string{`{"d":60}`, `{"d":"-1s"}`} {
		if err := json.Unmarshal([]byte(bad), &fromJSON); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
