package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// members flattens a value's JSON: the path of each member that is not an
// object to its JSON text. Nulls, empty texts, lists and objects are left out,
// for absent and empty are the same in every stored thing.
func members(v any) (map[string]string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, flatten(raw, "", out)
}

func flatten(raw json.RawMessage, path string, out map[string]string) error {
	raw = bytes.TrimSpace(raw)
	switch string(raw) {
	case "null", `""`, "[]", "{}":
		return nil
	}
	if raw[0] != '{' {
		out[path] = string(raw)
		return nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return err
	}
	for name, value := range object {
		if path != "" {
			name = path + "." + name
		}
		if err := flatten(value, name, out); err != nil {
			return err
		}
	}
	return nil
}

// diff lists members that differ: "-path: old" and "+path: new", in order. The
// values hold no secrets: those are not part of any stored JSON.
func diff(before, after any) ([]string, error) {
	old, err := membersOf(before)
	if err != nil {
		return nil, err
	}
	fresh, err := membersOf(after)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(old)
	maps.Copy(all, fresh)
	var lines []string
	for _, path := range sortedKeys(all) {
		a, had := old[path]
		b, has := fresh[path]
		if had && has && a == b {
			continue
		}
		if had {
			lines = append(lines, fmt.Sprintf("-%s: %s", path, a))
		}
		if has {
			lines = append(lines, fmt.Sprintf("+%s: %s", path, b))
		}
	}
	return lines, nil
}

func membersOf(v any) (map[string]string, error) {
	if v == nil {
		return map[string]string{}, nil
	}
	return members(v)
}

// Members lists the members of a stored thing for people: name, JSON, name,
// JSON, …; texts without their quotes.
func Members(v any) ([]string, error) {
	all, err := members(v)
	if err != nil {
		return nil, err
	}
	var pairs []string
	for _, path := range sortedKeys(all) {
		value := all[path]
		var text string
		if json.Unmarshal([]byte(value), &text) == nil {
			value = text
		}
		pairs = append(pairs, path, value)
	}
	return pairs, nil
}
