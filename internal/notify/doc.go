// Package notify brings letters to people: it renders them in the person's
// language and the tenant's look, and hands them to the mail server.
//
// The flow:
//
//	Sender.Send is the outbox's handler of letters: one attempt
//	Compose renders a letter: a subject, a text, and the same in HTML
//	SMTP brings it to the submission server, never in the clear
//	judge says what came of it: delivered, refused, again later
//
// It refuses to know when a letter is written, and whether what it says is true.
package notify
