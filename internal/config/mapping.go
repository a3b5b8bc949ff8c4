package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

type pair struct {
	name       string
	key, value *yaml.Node
}

// pairs are the entries of a mapping with merged ones ("<<: *base") after its
// own, which win. Of a repeated key, reported before, the first counts.
func (d *decoder) pairs(n *yaml.Node, path string) []pair {
	if n.Kind != yaml.MappingNode {
		d.add(n, path, "expected a mapping (key: value), found "+found(n))
		return nil
	}
	var own []pair
	var merged []*yaml.Node
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		switch {
		case k.Kind != yaml.ScalarNode:
			d.add(k, path, "expected a plain key, found "+found(k))
		case k.ShortTag() == "!!merge":
			merged = append(merged, v)
		case !seen[k.Value]:
			seen[k.Value] = true
			own = append(own, pair{name: k.Value, key: k, value: v})
		}
	}
	for _, m := range merged {
		for _, p := range d.merge(m, path) {
			if !seen[p.name] {
				seen[p.name] = true
				own = append(own, p)
			}
		}
	}
	return own
}

func (d *decoder) merge(n *yaml.Node, path string) []pair {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.SequenceNode {
		return d.pairs(n, path)
	}
	var all []pair
	for _, item := range n.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		all = append(all, d.pairs(item, path)...)
	}
	return all
}

func (d *decoder) structure(n *yaml.Node, path string, v reflect.Value) {
	known, rest := fields(v)
	for _, p := range d.pairs(n, path) {
		at := join(path, p.name)
		i := slices.IndexFunc(known, func(f field) bool { return f.name == p.name })
		switch {
		case i >= 0:
			d.value(p.value, at, known[i].value)
		case rest.IsValid():
			if rest.IsNil() {
				rest.Set(reflect.MakeMap(rest.Type()))
			}
			elem := reflect.New(rest.Type().Elem()).Elem()
			d.value(p.value, at, elem)
			rest.SetMapIndex(reflect.ValueOf(p.name).Convert(rest.Type().Key()), elem)
		default:
			d.add(p.key, at, unknown(p.name, names(known)))
		}
	}
}

type field struct {
	name  string
	value reflect.Value
}

// fields lists a struct's keys by their yaml tags, those of inline structs
// among them, and the inline map that takes every other key, if there is one.
func fields(v reflect.Value) (known []field, rest reflect.Value) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case !sf.IsExported() || name == "-":
		case !slices.Contains(strings.Split(options, ","), "inline"):
			if name == "" {
				name = strings.ToLower(sf.Name)
			}
			known = append(known, field{name, v.Field(i)})
		case sf.Type.Kind() == reflect.Map:
			rest = v.Field(i)
		default:
			inner := v.Field(i)
			if inner.Kind() == reflect.Pointer {
				if inner.IsNil() {
					inner.Set(reflect.New(inner.Type().Elem()))
				}
				inner = inner.Elem()
			}
			more, innerRest := fields(inner)
			known = append(known, more...)
			if innerRest.IsValid() {
				rest = innerRest
			}
		}
	}
	return known, rest
}

func names(fs []field) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.name
	}
	return out
}

func join(path, key string) string { return below(path, clip(key)) }

// below puts a finding's own path after that of the value it was found in.
func below(path, rest string) string {
	if path == "" || rest == "" || strings.HasPrefix(rest, "[") {
		return path + rest
	}
	return path + "." + rest
}
