package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// scalar sets texts, numbers and switches. It never echoes the value: what
// stands in the wrong place may be a password.
func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value) {
	want, tags := expected(v.Type())
	if n.Kind != yaml.ScalarNode || !slices.Contains(tags, n.ShortTag()) {
		hint := ""
		if v.Kind() == reflect.String && n.Kind == yaml.ScalarNode {
			hint = "; put it in quotes"
		}
		d.add(n, path, "expected "+want+", found "+found(n)+hint)
		return
	}
	if v.Kind() == reflect.String {
		v.SetString(n.Value) // as written: 0123 stays 0123
		return
	}
	if err := n.Decode(v.Addr().Interface()); err != nil {
		d.add(n, path, "expected "+want+", found "+found(n)+" out of range")
	}
}

// expected says what a type takes, in words and as YAML tags. yaml itself would
// truncate 1.5 to an integer; the tags prevent that.
func expected(t reflect.Type) (string, []string) {
	switch t.Kind() {
	case reflect.String:
		return "a text", []string{"!!str", "!!int", "!!float", "!!timestamp"}
	case reflect.Bool:
		return "true or false", []string{"!!bool"}
	case reflect.Float32, reflect.Float64:
		return "a number", []string{"!!int", "!!float"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number", []string{"!!int"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number, not negative", []string{"!!int"}
	}
	return fmt.Sprintf("nothing (Go type %s has no YAML form)", t), nil
}

func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch n.ShortTag() {
	case "!!str":
		return "a text"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	}
	return "a value with a tag of its own"
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// unknown says which key was probably meant, or which exist.
func unknown(name string, known []string) string {
	if s := suggest(name, known); s != "" {
		return "unknown key; did you mean " + strconv.Quote(s) + "?"
	}
	const listed = 16
	if len(known) > listed {
		known = append(slices.Clone(known[:listed]), "…")
	}
	return "unknown key; known here: " + strings.Join(known, ", ")
}

// clip makes a key fit to print: control characters escaped, 64 characters.
func clip(key string) string {
	const most = 64
	if r := []rune(key); len(r) > most {
		key = string(r[:most]) + "…"
	}
	if q := strconv.Quote(key); q != `"`+key+`"` {
		return q
	}
	return key
}
