package adminapi

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/foyer-id/foyer/internal/config"
)

// schemas are the JSON Schemas of answers, by the names of their types.
type schemas object

// of describes a value's type; a struct with a name of its own is referred to.
func (s schemas) of(v any) object { return s.typ(reflect.TypeOf(v)) }

func (s schemas) typ(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[config.Duration]():
		return object{"type": "string", "description": "Such as 60s or 336h."}
	case reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.typ(t.Elem())
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.typ(t.Elem())}
	case reflect.Interface:
		return object{}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": s.typ(t.Elem())}
	case reflect.Struct:
		if strings.Contains(t.Name(), "[") { // a page of something
			return s.structure(t)
		}
		if s[t.Name()] == nil {
			s[t.Name()] = s.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + t.Name()}
	}
	panic("no schema for " + t.String())
}

func (s schemas) structure(t reflect.Type) object {
	members, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		m := s.typ(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			m["description"] = doc
		}
		if format := f.Tag.Get("format"); format != "" {
			m["format"] = format
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			m["enum"] = strings.Split(enum, ",")
		}
		members[name] = m
		if options == "" {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": members, "required": required}
}
