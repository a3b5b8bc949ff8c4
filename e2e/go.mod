module github.com/foyer-id/foyer/e2e

go 1.26.0

require (
	github.com/coreos/go-oidc/v3 v3.21.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
)
