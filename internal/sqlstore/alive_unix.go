//go:build unix

package sqlstore

import (
	"errors"
	"syscall"
)

// alive reports whether a process of this host runs; EPERM means it does.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
