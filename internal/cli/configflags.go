package cli

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/foyer-id/foyer/internal/config"
)

// configFlags are the keys of foyer.yaml as flags of every command.
type configFlags struct {
	keys   []config.Key
	target any // pointer to a struct with one *string for each key
}

// newConfigFlags declares a flag for each key. They are hidden, because two
// dozen of them would bury a command's own; foyer serve --help lists them.
func newConfigFlags() *configFlags {
	keys := config.Keys()
	fields := make([]reflect.StructField, len(keys))
	for i, k := range keys {
		fields[i] = reflect.StructField{
			Name: fmt.Sprintf("Key%d", i),
			Type: reflect.TypeFor[*string](),
			Tag:  reflect.StructTag(fmt.Sprintf(`name:%q help:%q hidden:""`, k.Flag, k.Help)),
		}
	}
	return &configFlags{keys: keys, target: reflect.New(reflect.StructOf(fields)).Interface()}
}

// given returns the flags that were on the command line, by config.Key.Flag.
func (f *configFlags) given() map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(f.target).Elem()
	for i, k := range f.keys {
		if text, _ := v.Field(i).Interface().(*string); text != nil {
			out[k.Flag] = *text
		}
	}
	return out
}

// configHelp lists every key under its three names.
func configHelp() string {
	var b strings.Builder
	b.WriteString("Configuration: foyer.yaml, environment variables and flags; flags win. The flags work with every command.\n\n")
	for _, k := range config.Keys() {
		fmt.Fprintf(&b, "  --%s (%s)\n      %s\n", k.Flag, k.Env, k.Help)
	}
	b.WriteString("\nFOYER_MASTER_KEY holds the key that seals stored secrets instead of master_key_file; it has no flag.")
	return b.String()
}
