// Package alert owns mails that tell a person what happened to the account, and
// what their link "this wasn't me" does.
//
// The flow:
//
//	Draft prepares an Alert: a mail with its link, a row that knows the link's hash
//	the transition that it tells of stores both, where there is somebody to tell
//	Find shows what the mail was about: time, browser and place, nothing more
//	Disown undoes it: every session and grant ends, known devices are forgotten,
//	what was added since is suspended, and the password is gone until a new one
//	is chosen by mail at the address that the alert went to
//
// It refuses to know sentences, screens and who is on which page.
package alert
