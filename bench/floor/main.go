// Command floor is what any OpenID Provider has to do for each measured
// operation and nothing more: HTTP, parsing, hashing what is stored, one
// signature, the durable commit. It has no features and checks next to nothing;
// it is a yardstick, not a server for people.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7300", "address to listen on")
	kind := flag.String("store", "mem", "mem, sqlite or pg")
	file := flag.String("file", "floor.db", "file of the sqlite store")
	url := flag.String("pg", "", "address of the pg store")
	codesInDB := flag.Bool("codes-in-db", false, "keep codes where everything else is, not in memory")
	flag.Parse()
	if err := serve(*addr, *kind, *file, *url, *codesInDB); err != nil {
		log.Fatal(err)
	}
}

func serve(addr, kind, file, url string, codesInDB bool) error {
	memory := &memStore{}
	var rows store = memory
	var err error
	switch kind {
	case "mem":
	case "sqlite":
		rows, err = openSQLite(file)
	case "pg":
		rows, err = openPostgres(url)
	default:
		err = fmt.Errorf("-store %q: want mem, sqlite or pg", kind)
	}
	if err != nil {
		return err
	}
	p := &provider{issuer: "http://" + addr, rows: rows, codes: memory, signer: newSigner()}
	if codesInDB {
		p.codes = rows
	}
	srv := &http.Server{Addr: addr, Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second}
	return srv.ListenAndServe()
}

// discovery is as long as a real provider's document.
func (p *provider) discovery() []byte {
	doc := map[string]string{"issuer": p.issuer, "filler": strings.Repeat("-", 2400)}
	for _, e := range []string{"authorize", "token", "jwks", "userinfo", "introspect", "endsession"} {
		doc[e+"_endpoint"] = p.issuer + "/" + e
	}
	return encode(doc)
}

func (p *provider) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", document(p.discovery()))
	mux.HandleFunc("GET /jwks", document(p.signer.jwks))
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /introspect", p.introspect)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	mux.HandleFunc("GET /endsession", p.endSession)
	return mux
}
