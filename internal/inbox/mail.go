package inbox

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// Mail is one that came.
type Mail struct {
	ID         int // counts from 1
	At         time.Time
	Sender     string   // of the envelope
	Recipients []string // of the envelope
	Header     mail.Header
	From, To   string // as the header says, decoded
	Subject    string
	Text, HTML string
	Raw        []byte
}

var decoder mime.WordDecoder

// read takes a message apart as far as it can be understood.
func read(raw []byte) Mail {
	m := Mail{Raw: raw}
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m
	}
	m.Header = msg.Header
	decoded := func(name string) string {
		s, err := decoder.DecodeHeader(msg.Header.Get(name))
		if err != nil {
			return msg.Header.Get(name)
		}
		return s
	}
	m.From, m.To, m.Subject = decoded("From"), decoded("To"), decoded("Subject")
	m.part(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
	return m
}

func (m *Mail) part(contentType, encoding string, body io.Reader) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	if kind == "text/html" {
		m.HTML = text
	} else {
		m.Text = text
	}
}

var (
	code = regexp.MustCompile(`(?m)^[0-9]{6}$`)
	link = regexp.MustCompile(`(?m)^https?://\S+$`)
)

// Code is the six digits that stand on a line of their own, "" for none.
func (m Mail) Code() string { return code.FindString(m.Text) }

// Link is the address that stands on a line of its own, "" for none.
func (m Mail) Link() string { return link.FindString(m.Text) }
