package storetest

import (
	"fmt"
	"syscall"
	"testing"
)

// Address is an address of this machine on which nobody listens, for a server
// that the test starts, and perhaps stops and starts again. A socket of the test
// is bound to it until the test ends and never listens: who asks for the address
// by its name gets it all the same, as a server that sets SO_REUSEADDR, and
// nobody gets it who asks the system for any free port.
func Address(tb testing.TB) string {
	tb.Helper()
	port, fd, err := reserve()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = syscall.Close(fd) })
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// reserve binds a socket to a free port.
func reserve() (port, fd int, err error) {
	if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0); err != nil {
		return 0, 0, fmt.Errorf("reserve a port: %w", err)
	}
	syscall.CloseOnExec(fd)
	var name syscall.Sockaddr
	if err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err == nil {
		if err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
			name, err = syscall.Getsockname(fd)
		}
	}
	if err != nil {
		_ = syscall.Close(fd)
		return 0, 0, fmt.Errorf("reserve a port: %w", err)
	}
	return name.(*syscall.SockaddrInet4).Port, fd, nil
}
