// Package demo is the demonstration application of foyer serve --demo: two
// small web applications that sign people in and out through Foyer with the
// public client library, and a page that explains what just happened.
//
// The flow:
//
//	Clients says how the two are registered; app registers them
//	New builds the application, Handler answers on a site of its own (127.0.0.1, where Foyer is localhost)
//	rp does the protocol; a recorder notes every request that the demo sends and receives
//	/ shows what the tokens say, /journey explains the last journey hop by hop
//	/reports is a second client: single sign-on, and single sign-out
//	/backchannel-logout of each ends its session when Foyer says so, and keeps what arrived for the pages
//
// It refuses to know Foyer's inside: all it has is the issuer's address and the
// credentials of its clients, like any application.
package demo
