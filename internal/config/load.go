package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// DefaultFile is read when no file is named; it may be absent.
const DefaultFile = "foyer.yaml"

const (
	envFile      = "FOYER_CONFIG"     // names the file, below --config
	envMasterKey = "FOYER_MASTER_KEY" // see Server.MasterKey
	envTest      = "FOYER_TEST_"      // left to the project's own tests
)

// kubernetesLink matches what Kubernetes puts into every container beside a
// Service named foyer or foyer-…: FOYER_SERVICE_HOST, FOYER_PORT_8080_TCP, ….
// They are not meant for Foyer and must not stop it.
var kubernetesLink = regexp.MustCompile(
	`^FOYER_([A-Z0-9_]+_)?(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT=(tcp|udp|sctp)://|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)

// Options says where the configuration comes from.
type Options struct {
	File     string                       // --config; a file named here or in FOYER_CONFIG must exist
	ReadFile func(string) ([]byte, error) // os.ReadFile, or a map in a test
	Env      []string                     // NAME=value, as os.Environ; names without FOYER_ are ignored
	Flags    map[string]string            // given flags, by Key.Flag
}

// Load reads and validates the configuration: defaults, then the file, then
// FOYER_… variables, then flags, each over the one before. What is wrong in any
// of them comes back in one *Errors; a file that cannot be read is another error.
func Load(o Options) (*Server, error) {
	s := Defaults()
	s.origins = map[string]origin{}
	findings, err := s.file(o)
	if err != nil {
		return nil, err
	}
	findings = append(findings, s.environment(o.Env)...)
	findings = append(findings, s.flags(o.Flags)...)

	reported := map[string]bool{}
	for _, f := range findings {
		reported[f.Path] = true
	}
	for _, f := range s.Validate() {
		if !reported[f.Path] {
			findings = append(findings, f)
		}
	}
	if len(findings) > 0 {
		return nil, asError(findings)
	}
	s.BaseURL = s.publicURL()
	return s, nil
}

func (s *Server) file(o Options) ([]Finding, error) {
	name := cmp.Or(o.File, lookup(o.Env, envFile))
	data, err := o.ReadFile(cmp.Or(name, DefaultFile))
	switch {
	case err != nil && name == "" && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	name = cmp.Or(name, DefaultFile)
	lines, err := decodeOne(name, data, s)
	for path, line := range lines {
		s.origins[path] = origin{name, line}
	}
	var wrong *Errors
	if err != nil && !errors.As(err, &wrong) {
		return nil, err
	}
	if wrong != nil {
		return wrong.Findings, nil
	}
	return nil, nil
}

func (s *Server) environment(env []string) []Finding {
	keys := Keys()
	names := []string{envMasterKey, envFile}
	for _, k := range keys {
		names = append(names, k.Env)
	}
	var findings []Finding
	for _, entry := range env {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || !strings.HasPrefix(name, "FOYER_") {
			continue
		}
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Env == name })
		switch {
		case i >= 0:
			findings = append(findings, s.override(keys[i], name, value)...)
		case name == envMasterKey:
			s.MasterKey = Secret(value)
		case name == envFile, strings.HasPrefix(name, envTest), kubernetesLink.MatchString(entry):
		default:
			message := "unknown variable"
			if near := suggest(name, names); near != "" {
				message += "; did you mean " + near + "?"
			}
			findings = append(findings, Finding{Source: clip(name), Message: message})
		}
	}
	return findings
}

func (s *Server) flags(flags map[string]string) []Finding {
	keys := Keys()
	var findings []Finding
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Flag == name })
		if i < 0 {
			findings = append(findings, Finding{Source: "--" + clip(name), Message: "unknown flag"})
			continue
		}
		findings = append(findings, s.override(keys[i], "--"+name, flags[name])...)
	}
	return findings
}

// override also forgets the lines of list items that the file had.
func (s *Server) override(k Key, source, value string) []Finding {
	maps.DeleteFunc(s.origins, func(path string, _ origin) bool { return strings.HasPrefix(path, k.Path+"[") })
	s.origins[k.Path] = origin{source: source}
	if err := k.set(s, value); err != nil {
		return []Finding{{Source: source, Path: k.Path, Message: err.Error()}}
	}
	return nil
}

// lookup returns the last value of name, as a shell would.
func lookup(env []string, name string) (value string) {
	for _, entry := range env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}
