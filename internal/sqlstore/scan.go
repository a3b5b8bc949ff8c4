package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
)

// value turns an argument into what both drivers bind alike: string, int64,
// bool, []byte or nil.
func value(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case nil, string, int64, bool, []byte:
		return v, nil
	case int:
		return int64(v), nil
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(arg)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: argument of type %T: %w", arg, err)
	}
	switch v.(type) {
	case nil, string, int64, bool, []byte:
		return v, nil
	}
	// A time.Time or a float has no column type here (TEXT, BIGINT, BOOLEAN).
	return nil, fmt.Errorf("sqlstore: argument of type %T", arg)
}

func values(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, arg := range args {
		v, err := value(arg)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// scan copies the columns of one row, as the driver delivered them (string,
// int64, bool or nil), into dest: the same rules for both databases.
func scan[V any](row []V, dest []any) error {
	if len(row) != len(dest) {
		return fmt.Errorf("sqlstore: scan %d columns into %d variables", len(row), len(dest))
	}
	for i, src := range row {
		if err := assign(dest[i], src); err != nil {
			return fmt.Errorf("sqlstore: scan column %d: %w", i+1, err)
		}
	}
	return nil
}

func assign(dest, src any) error {
	switch d := dest.(type) {
	case *string:
		if s, ok := src.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := src.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := src.(int64); ok {
			*d = int(n)
			return nil
		}
	case *bool:
		switch b := src.(type) {
		case bool:
			*d = b
			return nil
		case int64: // SQLite keeps BOOLEAN as 0 and 1
			*d = b != 0
			return nil
		}
	case *[]byte:
		switch s := src.(type) {
		case nil:
			*d = nil
			return nil
		case string:
			*d = []byte(s)
			return nil
		}
	case *any:
		*d = src
		return nil
	case sql.Scanner:
		return d.Scan(src)
	}
	return assignKind(dest, src)
}

// assignKind covers named types (type Kind string) and pointers, which stay
// nil for NULL.
func assignKind(dest, src any) error {
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("destination %T is not a pointer", dest)
	}
	v := p.Elem()
	switch s := src.(type) {
	case nil:
		if v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice {
			v.SetZero()
			return nil
		}
	case string:
		switch {
		case v.Kind() == reflect.String:
			v.SetString(s)
			return nil
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
			v.SetBytes([]byte(s))
			return nil
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(s)
			return nil
		}
	case int64:
		switch {
		case v.CanInt() && !v.OverflowInt(s):
			v.SetInt(s)
			return nil
		case v.CanUint() && s >= 0 && !v.OverflowUint(uint64(s)):
			v.SetUint(uint64(s))
			return nil
		case v.Kind() == reflect.Bool:
			v.SetBool(s != 0)
			return nil
		}
	}
	if v.Kind() == reflect.Pointer && src != nil {
		v.Set(reflect.New(v.Type().Elem()))
		return assign(v.Interface(), src)
	}
	return fmt.Errorf("cannot store %T in %T", src, dest)
}
