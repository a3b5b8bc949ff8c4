package screens

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/foyer-id/foyer/internal/colour"
)

// Brand is a tenant's look. The zero value is Foyer's own.
type Brand struct {
	Name       string // shown beside the mark and in titles
	LogoURL    string // https, or a path of the same origin
	Accent     string // #rgb or #rrggbb: buttons, links, focus
	Background string // #rgb or #rrggbb: behind the card
	CSS        string // the operator's own rules, after ours; at most 16 KiB
}

const maxBrandCSS = 16 << 10

// forbiddenCSS are the ways a style sheet can fetch something or run something
// (security row HD5). The backslash could spell any of them in escapes.
var forbiddenCSS = []string{"url(", "@import", "expression", "<", `\`,
	"image-set(", "image(", "src(", "cross-fade(", "element(", "@namespace", "@charset", "behavior", "-moz-binding", "javascript:"}

// ValidateBrand says in English what is wrong with a brand, nothing when all
// of it will be used. What it complains about is dropped when rendering.
func ValidateBrand(b Brand) []string {
	var wrong []string
	if b.LogoURL != "" && b.logo() == "" {
		wrong = append(wrong, "logo_url: must be an https address or a path that begins with one slash")
	}
	if _, ok := colour.Parse(b.Accent); b.Accent != "" && !ok {
		wrong = append(wrong, "accent: must be a colour such as #2f5bea")
	}
	if _, ok := colour.Parse(b.Background); b.Background != "" && !ok {
		wrong = append(wrong, "background: must be a colour such as #f4f5f8")
	}
	if why := wrongCSS(b.CSS); why != "" {
		wrong = append(wrong, "css: "+why)
	}
	return wrong
}

func wrongCSS(css string) string {
	if len(css) > maxBrandCSS {
		return fmt.Sprintf("must be at most %d bytes", maxBrandCSS)
	}
	low := strings.ToLower(css)
	for _, bad := range forbiddenCSS {
		if strings.Contains(low, bad) {
			return fmt.Sprintf("must not contain %q: a theme fetches nothing and runs nothing", bad)
		}
	}
	for _, c := range css {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return "must not contain control characters"
		}
	}
	return ""
}

// logo is LogoURL when it may be shown, else "".
func (b Brand) logo() string {
	u, err := url.Parse(b.LogoURL)
	switch {
	case b.LogoURL == "" || err != nil || u.User != nil || strings.ContainsAny(b.LogoURL, " \\\"'<>;,\t\r\n"):
		return ""
	case u.Scheme == "https" && u.Host != "":
		return b.LogoURL
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(b.LogoURL, "/") && !strings.HasPrefix(b.LogoURL, "//"):
		return b.LogoURL
	}
	return ""
}

// Logo is the address of the logo to show, "" for Foyer's mark.
func (b Brand) Logo() string { return b.logo() }

// ThemeCSS is the tenant's style sheet, to be linked after foyer.css: custom
// properties, corrected until text in them is legible in light and dark, then
// the operator's rules if they are allowed. Empty when the brand changes
// nothing.
func ThemeCSS(b Brand) []byte {
	var out bytes.Buffer
	accent, hasAccent := colour.Parse(b.Accent)
	background, hasBackground := colour.Parse(b.Background)
	if hasAccent || hasBackground {
		writeTokens(&out, ":root{%s}\n", tokens(accent, hasAccent, background, hasBackground, colour.LightSurface, colour.LightGround))
		// A light background would glare in the dark: there only a dark one is kept.
		hasBackground = hasBackground && background.Luminance() < 0.05
		writeTokens(&out, "@media (prefers-color-scheme:dark){:root{%s}}\n", tokens(accent, hasAccent, background, hasBackground, colour.DarkSurface, colour.DarkGround))
	}
	if wrongCSS(b.CSS) == "" {
		out.WriteString(b.CSS)
	}
	return out.Bytes()
}

func writeTokens(out *bytes.Buffer, rule, tokens string) {
	if tokens != "" {
		fmt.Fprintf(out, rule, tokens)
	}
}

// tokens are the custom properties of one colour scheme.
func tokens(accent colour.Colour, hasAccent bool, background colour.Colour, hasBackground bool, surface, ground colour.Colour) string {
	var css strings.Builder
	if hasAccent {
		fmt.Fprintf(&css, "--accent:%s;--accent-ink:%s;--accent-hover:%s;--accent-edge:%s;--link:%s;",
			accent, colour.InkOn(accent), hover(accent), colour.Corrected(accent, colour.EdgeContrast, surface), colour.Corrected(accent, colour.TextContrast, surface, tint(accent, surface), ground))
	}
	if hasBackground {
		fmt.Fprintf(&css, "--ground:%s;--ground-ink:%s;--glow:transparent;", background, groundInk(background))
	}
	return css.String()
}

// tint is the faint fill that foyer.css puts behind the initials of a person.
func tint(accent, surface colour.Colour) colour.Colour { return colour.Mix(surface, accent, 0.12) }

// hover moves a fill away from its ink, so that the text stays legible.
func hover(fill colour.Colour) colour.Colour {
	if colour.InkOn(fill) == colour.White {
		return colour.Mix(fill, colour.Black, 0.12)
	}
	return colour.Mix(fill, colour.White, 0.2)
}

// groundInk is a softened black or white that is still legible on the background.
func groundInk(background colour.Colour) colour.Colour {
	return colour.Corrected(colour.Mix(background, colour.InkOn(background), 0.6), colour.TextContrast+0.5, background)
}
