// Serves a folder of Git repositories over HTTPS, by git's own `git http-backend`; read only.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/cgi"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:443", "address")
	repositories := flag.String("repositories", "/repositories", "folder; a repository's URL is its path in it")
	certificate := flag.String("certificate", "/tls/tls.crt", "PEM")
	key := flag.String("key", "/tls/tls.key", "PEM")
	flag.Parse()

	backend := &cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend",
		Env:  []string{"GIT_PROJECT_ROOT=" + *repositories, "GIT_HTTP_EXPORT_ALL=1"},
	}
	log.Fatal(http.ListenAndServeTLS(*listen, *certificate, *key, backend))
}
