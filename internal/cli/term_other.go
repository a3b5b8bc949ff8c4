//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package cli

import (
	"errors"
	"os"
)

// echoOff is not possible here.
func echoOff(*os.File) (restore func(), err error) {
	return nil, errors.ErrUnsupported
}
