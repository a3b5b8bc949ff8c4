package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/foyer-id/foyer/internal/config"
)

// Listeners are the ports of a server. They are opened together: one that is
// taken stops the start before anybody is told that Foyer answers.
type Listeners struct {
	Public         net.Listener
	Admin, Metrics net.Listener // nil: none of their own
}

// Listen opens the configured addresses.
func (s *Server) Listen(ctx context.Context) (*Listeners, error) {
	if t := s.Config.TLS; t.Certificate != "" {
		if _, err := certificate(t); err != nil {
			return nil, err
		}
	}
	l := &Listeners{}
	for _, port := range []struct {
		key, address string
		to           *net.Listener
		capped       bool
	}{
		{"listen", s.Config.Listen, &l.Public, true},
		{"admin.listen", s.Config.Admin.Listen, &l.Admin, true},
		{"metrics.listen", s.Config.Metrics.Listen, &l.Metrics, false},
	} {
		if port.address == "" {
			continue
		}
		opened, err := listen(ctx, port.key, port.address)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		if port.capped {
			opened = newCapped(opened, perAddress, s.Config.TrustedProxies())
		}
		*port.to = opened
	}
	return l, nil
}

// certificate reads what TLS is served with.
func certificate(t config.TLS) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return pair, fmt.Errorf("tls.certificate %s, tls.key %s: %w; name a PEM certificate and its own PEM key", t.Certificate, t.Key, err)
	}
	return pair, nil
}

// Close gives the ports back.
func (l *Listeners) Close() error {
	var errs []error
	for _, open := range []net.Listener{l.Public, l.Admin, l.Metrics} {
		if open != nil {
			errs = append(errs, open.Close())
		}
	}
	return errors.Join(errs...)
}

// listen opens one address; an error says which key to change.
func listen(ctx context.Context, key, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	set := key + " (--" + strings.ReplaceAll(key, ".", "-") + ")"
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s is in use by another program; stop that one, or set %s to another port", key, address, set)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s: %s is no address of this machine; set %s to one that is, such as 127.0.0.1:8080", key, address, set)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %s may not be opened by this user; set %s to a port above 1023", key, address, set)
	}
	return nil, fmt.Errorf("%s: %w", key, err)
}
