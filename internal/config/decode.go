package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// decoder fills Go values from nodes. It exists because yaml's own strictness
// (Decoder.KnownFields) is lost in Node.Decode and stops short of suggestions,
// and because every finding is wanted, not the first.
type decoder struct {
	name     string
	findings []Finding
	lines    map[string]int
}

func decodeNode(name string, n *yaml.Node, v any, found []Finding, lines map[string]int) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("config: decode into %T, which is not a pointer to a value", v)
	}
	d := &decoder{name: name, findings: slices.Clone(found), lines: lines}
	d.value(n, "", target.Elem())
	slices.SortStableFunc(d.findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return asError(d.findings)
}

var nodeType = reflect.TypeFor[yaml.Node]()

func (d *decoder) value(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if isNull(n) {
		d.null(v)
		return
	}
	d.lines[path] = n.Line
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if v.CanAddr() && d.custom(n, path, v.Addr().Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, path, v)
	case reflect.Map:
		d.mapping(n, path, v)
	case reflect.Slice:
		d.list(n, path, v)
	case reflect.Interface:
		// yaml refuses repeated keys here too; those are among the findings already.
		if err := n.Decode(v.Addr().Interface()); err != nil && len(d.findings) == 0 {
			d.add(n, path, "expected a plain value, a list or a mapping")
		}
	default:
		d.scalar(n, path, v)
	}
}

// null empties what can be empty; a scalar or struct keeps its default, as if
// the key had been left out.
func (d *decoder) null(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		v.SetZero()
	}
}

// custom hands the node to a type that decodes itself.
func (d *decoder) custom(n *yaml.Node, path string, target any) bool {
	var err error
	switch t := target.(type) {
	case yaml.Unmarshaler:
		err = t.UnmarshalYAML(n)
	case encoding.TextUnmarshaler:
		if n.Kind != yaml.ScalarNode {
			d.add(n, path, "expected a text, found "+found(n))
			return true
		}
		err = t.UnmarshalText([]byte(n.Value))
	default:
		return false
	}
	d.adopt(n, path, err)
	return true
}

// adopt turns the error of a custom type into findings at their full path.
func (d *decoder) adopt(n *yaml.Node, path string, err error) {
	var nested *Errors
	switch {
	case err == nil:
	case errors.As(err, &nested):
		for _, f := range nested.Findings {
			f.Source, f.Path = d.name, below(path, f.Path)
			f.Line = cmp.Or(f.Line, n.Line)
			d.findings = append(d.findings, f)
		}
	default:
		d.add(n, path, err.Error())
	}
}

func (d *decoder) list(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.add(n, path, "expected a list such as [a, b], found "+found(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.value(item, fmt.Sprintf("%s[%d]", path, i), out.Index(i))
	}
	v.Set(out)
}

func (d *decoder) mapping(n *yaml.Node, path string, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, p := range d.pairs(n, path) {
		key := reflect.New(v.Type().Key()).Elem()
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(p.key, join(path, p.name), key)
		d.value(p.value, join(path, p.name), elem)
		v.SetMapIndex(key, elem)
	}
}

func (d *decoder) add(n *yaml.Node, path, message string) {
	d.findings = append(d.findings, Finding{Source: d.name, Line: n.Line, Path: path, Message: message})
}
