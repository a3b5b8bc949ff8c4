package cli

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Ids that are made here (client_id, sid, kid) are base64url: one in 64 begins
// with a hyphen and would be taken for a flag. They are recognised by their
// length and by a capital, which no flag has, and marked until they are decoded.
var (
	madeID   = regexp.MustCompile(`^-[A-Za-z0-9_-]*[A-Z][A-Za-z0-9_-]*$`)
	madeLens = []int{20, 22, 43}
)

const idMark = "\x00"

// markIDs returns args with ids that begin with a hyphen marked.
func markIDs(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if slices.Contains(madeLens, len(a)) && madeID.MatchString(a) {
			out[i] = idMark + a
		}
	}
	return out
}

// unmarked decodes texts, taking the mark off.
var unmarked = kong.KindMapper(reflect.String, kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
	var s string
	if err := ctx.Scan.PopValueInto("string", &s); err != nil {
		return err
	}
	target.SetString(strings.TrimPrefix(s, idMark))
	return nil
}))
