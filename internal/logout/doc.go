// Package logout owns the end of sessions: one engine for every way a session
// ends.
//
// Judge is a pure function of (request, hint, session, client, time) that says
// what a logout request means: refuse, ask, end, or nothing to end, and where to
// go afterwards. End carries it out in one transition: sessions, what was bound
// to them, one audit record each.
//
// It refuses to know HTTP, cookies and sentences.
package logout
