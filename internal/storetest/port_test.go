package storetest

import (
	"net"
	"testing"
)

// TestAddressIsKept: whoever asks for any port gets another, a server that asks
// for this one gets it, again and again.
func TestAddressIsKept(t *testing.T) {
	t.Parallel()
	mine := map[string]bool{}
	for range 50 {
		mine[Address(t)] = true
	}
	for address := range mine {
		if c, err := net.Dial("tcp", address); err == nil {
			t.Errorf("%s: somebody listens: %v", address, c.Close())
		}
		for range 2 {
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for range 500 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if mine[l.Addr().String()] {
			t.Fatalf("%s was given away", l.Addr())
		}
	}
}
