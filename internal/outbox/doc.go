// Package outbox owns durable jobs: something that must happen outside, for
// sure, after a change here has been made.
//
// The flow:
//
//	a transition writes its Jobs in its own transaction
//	Worker leases what is due, lane by lane, on every node
//	the Handler of the job's kind tries it and says what came of it: an Outcome
//	Settle records that: done, to be tried again later, or given up
//
// A job is tried at least once, and by one worker at a time: whoever holds the
// lease. A lane is what is served at one pace, an application or a mail server:
// it starts slowly, speeds up while it answers, and after failures in a row
// only one job of it is tried at a time, so that one dead receiver delays
// nobody else and is not stormed when it comes back.
//
// It refuses to know what kinds of jobs there are, how they are tried and when
// they should be tried again.
package outbox
