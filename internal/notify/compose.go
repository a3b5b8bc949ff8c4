package notify

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"github.com/foyer-id/foyer/internal/colour"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Mail is a letter as it is sent: to one person, the same in text and HTML.
type Mail struct {
	ID         string // of the message, without angle brackets
	Name, From string // of the sender
	To         string
	Language   string
	Subject    string
	Text, HTML string
}

// Compose renders a letter in its language and the tenant's look. What is in it
// comes from the catalogue, the tenant's settings and the letter's own values:
// nothing that a person could choose, such as a name, is repeated to anybody.
func Compose(t *tenant.Live, l letter.Letter, id string) (Mail, error) {
	to, err := addressee(l.To)
	if err != nil {
		return Mail{}, err
	}
	p := newPage(t, l)
	m := Mail{ID: id, Name: p.Brand, To: to, Language: p.Locale.Tag(), Subject: plain(p.Say("subject"), maxSubject), Text: p.text()}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return Mail{}, fmt.Errorf("render mail %s: %w", l.Text, err)
	}
	m.HTML = b.String()
	return m, nil
}

const (
	maxBrand   = 60  // characters of a name that is shown
	maxSubject = 160 // characters
)

// plain is a text on one line, without what could end a header or turn letters
// around, and not longer than n characters (RE10).
func plain(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		s = string(r[:n-1]) + "…"
	}
	return s
}

// addressee is the one address a mail goes to, its domain in ASCII. A list, a
// name beside the address or anything that could end the header is refused.
func addressee(s string) (string, error) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`,;:<>()[]"\`, r)
	}) {
		return "", errAddress
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || ascii == "" {
		return "", errAddress
	}
	return local + "@" + ascii, nil
}

// page is what the template shows.
type page struct {
	Locale            *i18n.Locale
	Brand             string
	Letter            letter.Letter
	URL               string
	Facts             []Fact
	Accent, AccentInk colour.Colour
}

// Fact is one line of what happened.
type Fact struct{ Name, Value string }

func newPage(t *tenant.Live, l letter.Letter) *page {
	p := &page{Locale: localeOf(t, l.Locale), Brand: plain(t.Name(), maxBrand), Letter: l}
	if l.Link != "" {
		p.URL = t.Base + l.Link
	}
	accent, ok := colour.Parse(t.Settings.Branding.Accent)
	if !ok {
		accent = colour.Colour{R: 0x2f, G: 0x5b, B: 0xea}
	}
	p.Accent, p.AccentInk = accent, colour.InkOn(accent)
	if l.At != 0 {
		agent := session.ReadAgent(l.UserAgent)
		addr, _ := netip.ParseAddr(l.Address)
		p.Facts = []Fact{
			{p.T(i18n.MailWhen), i18n.FormatMoment(p.Locale, time.UnixMicro(l.At).UTC())},
			{p.T(i18n.MailWith), i18n.FormatDevice(p.Locale, agent.Browser, agent.System)},
			{p.T(i18n.MailWhere), i18n.FormatPlace(p.Locale, addr)},
		}
	}
	return p
}

// T is a sentence in the letter's language.
func (p *page) T(k i18n.Key) string { return p.Locale.T(k, "brand", p.Brand) }

// Say is a sentence of this letter's own, "" when it has none.
func (p *page) Say(part string) string {
	k := i18n.Key("mail." + string(p.Letter.Text) + "." + part)
	if !i18n.Has(k) {
		return ""
	}
	return p.T(k)
}

// Digits is the code in two groups, which people can carry in their head.
func (p *page) Digits() string {
	c := p.Letter.Code
	if len(c) != 6 {
		return c
	}
	return c[:3] + " " + c[3:]
}

// text is the mail for who reads no HTML. Codes and addresses stand on lines of
// their own, so that they are easy to pick and keep their direction.
func (p *page) text() string {
	var b strings.Builder
	para := func(s string) {
		if s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	para(p.Say("title"))
	para(p.Say("lead"))
	if p.Letter.Code != "" {
		para(p.Letter.Code)
		para(p.T(i18n.MailCodeLife))
	}
	for _, f := range p.Facts {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	if len(p.Facts) > 0 {
		b.WriteString("\n")
	}
	if p.URL != "" {
		if p.Letter.Code != "" {
			para(p.T(i18n.MailOrLink))
		} else {
			b.WriteString(p.Say("action") + ":\n")
		}
		para(p.URL)
	}
	para(p.Say("after"))
	b.WriteString("-- \n" + p.T(i18n.MailFooter) + "\n")
	return b.String()
}

// message is the mail for the library, which encodes every header (RFC 2047)
// and refuses line breaks in addresses.
func (m Mail) message() (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(m.Name, m.From); err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, errAddress
	}
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDate()
	msg.Subject(m.Subject)
	msg.SetGenHeader("Content-Language", m.Language)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no holiday answers
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	return msg, nil
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
