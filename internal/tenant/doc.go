// Package tenant owns issuers, hosts, settings and branding.
//
// A Spec is what a tenant file says; a Tenant is one that is stored; Directory
// is the snapshot of all of them that turns a request's host and path into the
// tenant it is for, never into an issuer: the issuer is a configured string.
//
// It refuses to know clients, accounts, sessions and HTTP.
package tenant
