// Serves the folder /repositories over HTTPS, by git's own `git http-backend`; read only. A repository's URL is its path.
package main

import (
	"log"
	"net/http"
	"net/http/cgi"
)

func main() {
	backend := &cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend",
		Env:  []string{"GIT_PROJECT_ROOT=/repositories", "GIT_HTTP_EXPORT_ALL=1"},
	}
	log.Fatal(http.ListenAndServeTLS("127.0.0.1:443", "/tls/tls.crt", "/tls/tls.key", backend))
}
