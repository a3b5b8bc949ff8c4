package letter

import (
	"encoding/json"
	"fmt"

	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
)

// Kind is the kind of a letter's job.
const Kind outbox.Kind = "mail"

// purpose separates letters from everything else that is sealed.
const purpose = "mail"

// Text is which of the texts a letter is.
type Text string

// The texts. Their words are in the catalogues, below "mail.".
const (
	Confirm         Text = "confirm"          // a code and a link prove an address
	Exists          Text = "exists"           // somebody registered with an address that has an account
	Reset           Text = "reset"            // a code and a link to choose a new password
	NoAccount       Text = "no_account"       // a password was asked for where there is no account
	Unusable        Text = "unusable"         // … or where the account is disabled
	PasswordChanged Text = "password_changed" // a notice
	SignedIn        Text = "signed_in"        // from a browser that is new to the account
	Trial           Text = "trial"            // foyer doctor asks whether mail arrives
)

// Letter is one mail to one address. Times are Unix microseconds.
type Letter struct {
	Text   Text   `json:"text"`
	To     string `json:"to"`
	Locale string `json:"locale"`
	Code   string `json:"code,omitempty"`
	// Link is below the tenant's base: its address comes from the configuration
	// when the mail is made, never from a request (RE3).
	Link string `json:"link,omitempty"`
	// Until is when code and link are worth nothing any more: it is not sent
	// after that. 0: never.
	Until int64 `json:"until,omitempty"`
	// What it tells of: when, with what, from where.
	At        int64  `json:"at,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Address   string `json:"address,omitempty"`
}

// LaneOf is the queue of a tenant's mails.
func LaneOf(tenant string) outbox.Lane { return outbox.LaneOf(Kind, tenant, "smtp") }

// Seal makes a job of the letter; sub is whom it is about, "" for nobody.
func (l Letter) Seal(s *secret.Sealer, tenant, sub string) outbox.Job {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // strings and numbers
	}
	return outbox.Job{Kind: Kind, Lane: LaneOf(tenant), Sub: sub, Payload: s.SealString(tenant, purpose, b)}
}

// Open reads the letter of a job, or returns secret.ErrSealed.
func Open(s *secret.Sealer, j outbox.Job) (Letter, error) {
	var l Letter
	b, err := s.OpenString(j.Tenant, purpose, j.Payload)
	if err != nil {
		return l, fmt.Errorf("open letter: %w", err)
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("open letter: %w", err)
	}
	return l, nil
}
