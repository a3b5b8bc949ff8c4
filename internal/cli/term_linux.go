package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)

// echoOff keeps what is typed from being shown until restore is called.
func echoOff(f *os.File) (restore func(), err error) { return withoutEcho(int(f.Fd())) }
