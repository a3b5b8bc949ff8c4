package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// Kind is what a key's value looks like on a command line.
type Kind string

// The kinds of keys.
const (
	Text   Kind = "text"
	Number Kind = "number"
	List   Kind = "list" // comma separated in the environment and in a flag
)

// Key is one setting under its three names.
type Key struct {
	Path string // "mail.smtp.host", in foyer.yaml
	Env  string // "FOYER_MAIL_SMTP_HOST"
	Flag string // "mail-smtp-host", without the dashes
	Help string // one line, no full stop
	Kind Kind

	index []int // the field in Server
}

// Keys lists every key of Server in the file's order. FOYER_MASTER_KEY is not
// among them: it is a secret and exists in the environment only.
func Keys() []Key {
	return keysOf(reflect.TypeFor[Server](), "", nil)
}

func keysOf(t reflect.Type, prefix string, at []int) []Key {
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		path, index := prefix+name, append(append([]int(nil), at...), i)
		kind := Text
		switch f.Type.Kind() {
		case reflect.Struct:
			keys = append(keys, keysOf(f.Type, path+".", index)...)
			continue
		case reflect.Slice:
			kind = List
		case reflect.Int:
			kind = Number
		}
		keys = append(keys, Key{
			Path:  path,
			Env:   "FOYER_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_")),
			Flag:  strings.NewReplacer(".", "-", "_", "-").Replace(path),
			Help:  f.Tag.Get("help"),
			Kind:  kind,
			index: index,
		})
	}
	return keys
}

// set gives s the value that a variable or flag spells out. An empty text or
// list is a value too: it switches off what the file switched on.
func (k Key) set(s *Server, value string) error {
	field := reflect.ValueOf(s).Elem().FieldByIndex(k.index)
	switch k.Kind {
	case Number:
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return errors.New("expected a whole number")
		}
		field.SetInt(int64(n))
	case List:
		var list []string
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		field.Set(reflect.ValueOf(list))
	default:
		field.SetString(value)
	}
	return nil
}
