package main

import (
	"bytes"
	"fmt"
)

// operation is one thing that is measured.
type operation struct {
	name    string
	prepare func(*worker) error          // once for each worker, not measured
	stock   func(w *worker, n int) error // makes what n steps use up, not measured; nil: nothing
	step    func(*worker) error
}

func fixed(name string, request func(*server) []byte) operation {
	return operation{name: name, step: func(w *worker) error {
		if w.buf == nil {
			w.buf = request(w.s)
		}
		_, err := w.do(w.buf, 200)
		return err
	}}
}

func machine(name, client string) operation {
	return fixed(name, func(s *server) []byte {
		return post(s.addr, "/token", s.basic(client), "grant_type=client_credentials&scope=orders.read")
	})
}

// holding is an operation with the access token of a code flow.
func holding(name string, request func(w *worker) []byte, must string) operation {
	return operation{
		name: name,
		prepare: func(w *worker) error {
			if err := w.begin(); err != nil {
				return err
			}
			if err := w.flow("web"); err != nil {
				return err
			}
			w.buf = request(w)
			return nil
		},
		step: func(w *worker) error {
			a, err := w.do(w.buf, 200)
			if err == nil && !bytes.Contains(a.Body, []byte(must)) {
				err = fmt.Errorf("%s has no %s", a, must)
			}
			return err
		},
	}
}

// Operations that both programs have.
var (
	discovery = fixed("discovery", func(s *server) []byte { return get(s.addr, discoveryPath, "") })
	jwks      = fixed("JWKS", func(s *server) []byte { return get(s.addr, s.jwks, "") })

	machineJWT    = machine("client_credentials, JWT ES256", "jwt")
	machineOpaque = machine("client_credentials, opaque, durable", "opaque")

	codeFlow = operation{
		name: "code flow, session alive, ES256", prepare: (*worker).begin,
		step: func(w *worker) error { return w.flow("web") },
	}
	refreshing = operation{
		name: "refresh with rotation, ES256",
		prepare: func(w *worker) error {
			if err := w.begin(); err != nil {
				return err
			}
			return w.flow("app")
		},
		step: func(w *worker) error {
			a, err := w.do(post(w.s.addr, "/token", "", "grant_type=refresh_token&client_id=app&refresh_token="+w.refresh), 200)
			if err != nil {
				return err
			}
			old := w.refresh
			if err := w.keep(a); err != nil {
				return err
			}
			if w.refresh == old || w.refresh == "" {
				return fmt.Errorf("not rotated: %s", a)
			}
			return nil
		},
	}
	introspection = holding("introspection, opaque", func(w *worker) []byte {
		return post(w.s.addr, "/introspect", w.s.basic("web"), "token="+w.access)
	}, `"active":true`)
	userinfo = holding("userinfo, opaque", func(w *worker) []byte {
		return get(w.s.addr, "/userinfo", "Authorization: Bearer "+w.access+"\r\n")
	}, `"sub":`)

	// signingIn is GET /authorize, GET /login, POST /login, POST /token.
	signingIn = operation{name: "sign-in, everything but the hash", step: func(w *worker) error {
		code, err := w.signIn("web")
		if err != nil {
			return err
		}
		return w.redeem("web", code)
	}}
	// signingInToCode leaves the token request out, for the commits a person waits for.
	signingInToCode = operation{name: "sign-in", step: func(w *worker) error {
		_, err := w.signIn("web")
		return err
	}}
	ending = operation{
		name: "end session, 3 participants", stock: stockSessions,
		step: func(w *worker) error {
			last := len(w.stock) - 1
			h := w.stock[last]
			w.stock = w.stock[:last]
			a, err := w.do(get(w.s.addr, "/endsession?id_token_hint="+h.hint+"&post_logout_redirect_uri="+afterLogout+"&state=af0ifjsldkj",
				"Cookie: "+h.cookie+"\r\n"), 303)
			if err == nil && !bytes.HasPrefix(a.Header("Location"), []byte(afterLogout)) {
				err = fmt.Errorf("ended elsewhere: %s", a)
			}
			return err
		},
	}
)

// stockSessions signs in n times, each time into three applications.
func stockSessions(w *worker, n int) error {
	for range n {
		code, err := w.signIn("web")
		if err == nil {
			err = w.redeem("web", code)
		}
		for _, client := range []string{"web2", "web3"} {
			if err == nil {
				_, err = w.authorize(client)
			}
		}
		if err != nil {
			return err
		}
		w.stock = append(w.stock, held{w.session, w.idToken})
	}
	return nil
}
