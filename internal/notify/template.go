package notify

import (
	_ "embed"
	"html/template"
)

//go:embed mail.html
var pageSource string

// pageTemplate is the one look of all mails: no images, nothing from elsewhere.
// Inline styles are for readers that drop style sheets; the sheet is for the dark.
var pageTemplate = template.Must(template.New("mail.html").Parse(pageSource))
