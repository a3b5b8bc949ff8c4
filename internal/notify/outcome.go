package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/foyer-id/foyer/internal/outbox"
)

const (
	firstRetry = 5 * time.Second
	lastRetry  = 5 * time.Minute
	// triedFor is how long a mail is tried that says nothing that expires.
	triedFor = 24 * time.Hour
)

// erased is what is left of a letter once nobody needs it any more.
var erased = ""

// settled is an outcome that ends a job: its secrets go with it.
func settled(s outbox.State, answer string) outbox.Outcome {
	return outbox.Outcome{State: s, Answer: answer, Payload: &erased}
}

// judge says what came of an attempt that ended with err. until is when the
// letter is worth nothing any more, Unix microseconds; 0: never.
func judge(j outbox.Job, until int64, err error, now time.Time, stretch func(time.Duration) time.Duration) outbox.Outcome {
	if err == nil {
		return settled(outbox.Delivered, "accepted by the mail server")
	}
	answer, permanent, failing := explain(err)
	if permanent {
		return settled(outbox.Refused, answer)
	}
	next := now.Add(stretch(min(firstRetry<<min(max(j.Attempts-1, 0), 10), lastRetry)))
	last := time.UnixMicro(j.Since).Add(triedFor)
	if until != 0 {
		last = time.UnixMicro(min(until, last.UnixMicro()))
	}
	if next.After(last) {
		return settled(outbox.Dead, answer)
	}
	return outbox.Outcome{State: outbox.Pending, Answer: answer, Next: next.UnixMicro(), Failing: failing}
}

// errAddress: the letter cannot be addressed. No attempt will change that.
var errAddress = errors.New("the address cannot be written to")

// What came of attempts that no server answered.
const (
	answerCertificate = "the mail server's certificate is not trusted"
	answerUnknown     = "the mail server's name was not found"
	answerLate        = "no answer in time"
	answerNone        = "no connection"
)

// explain puts an error into a few generic words, without a word of the
// server's answer, which may quote the address. permanent: this mail is not
// wanted (RFC 5321 §4.2.1). failing: nothing is taken there now.
func explain(err error) (answer string, permanent, failing bool) {
	var send *mail.SendError
	var said *textproto.Error
	switch {
	case errors.Is(err, errAddress):
		return errAddress.Error(), true, false
	case errors.As(err, &send) && send.ErrorCode() != 0:
		permanent = send.ErrorCode() >= 500
		return smtpCode(send.ErrorCode()), permanent, !permanent
	case errors.As(err, &said):
		// Before the mail was offered, a wrong password for example: the
		// operator will mend that, and mails wait for it.
		return smtpCode(said.Code), false, true
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &cert):
		return answerCertificate, false, true
	case errors.As(err, &dns):
		return answerUnknown, false, true
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return answerLate, false, true
	case errors.Is(err, mail.ErrNoSupportedAuthDiscovered):
		return "the mail server offers no safe way to sign in", false, true
	}
	return answerNone, false, true
}

func smtpCode(code int) string { return "SMTP " + strconv.Itoa(code) }

// Advise says what an operator can change about a failed attempt.
func Advise(err error, port int) string {
	answer, _, _ := explain(err)
	var said *textproto.Error
	switch {
	case errors.As(err, &said) && said.Code/10 == 53:
		return "correct mail.smtp.username and mail.smtp.password_file"
	case errors.Is(err, mail.ErrNoSupportedAuthDiscovered):
		return "the server offers PLAIN and LOGIN with TLS only, or nothing: use its submission port, 587 or 465"
	case strings.Contains(err.Error(), "STARTTLS"):
		return "the server must offer STARTTLS: codes and passwords do not travel in the clear. A server of your own network without it can be allowed by egress.allow_private_networks, without a password"
	case answer == answerCertificate:
		return "mail.smtp.host must be the name in its certificate; an authority of your own belongs into egress.ca_file"
	case answer == answerUnknown:
		return "correct mail.smtp.host"
	case answer == answerLate && port != implicitTLS, answer == answerNone:
		return "correct mail.smtp.host and mail.smtp.port: 587 begins in the clear and changes to TLS, 465 begins with TLS; look at firewalls between here and there"
	}
	return "look at the mail server's own log"
}
