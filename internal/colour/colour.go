// Package colour owns what is legible on what: sRGB colours and the contrast
// of WCAG 2.2, for pages and mails in a tenant's accent.
//
// It refuses to know pages, mails and tenants.
package colour

import (
	"fmt"
	"math"
	"strconv"
)

// Colour is an sRGB colour.
type Colour struct{ R, G, B uint8 }

// White and Black are the inks.
var (
	White = Colour{255, 255, 255}
	Black = Colour{0, 0, 0}
	// The surfaces of screens/assets/foyer.css that text in an accent stands on.
	LightSurface, LightGround = Colour{0xff, 0xff, 0xff}, Colour{0xf4, 0xf5, 0xf8}
	DarkSurface, DarkGround   = Colour{0x18, 0x1b, 0x22}, Colour{0x0f, 0x11, 0x16}
)

// WCAG 2.2 §1.4.3 (text) and §1.4.11 (edges of controls).
const (
	TextContrast = 4.5
	EdgeContrast = 3.0
)

// Parse reads #rgb and #rrggbb, nothing else.
func Parse(s string) (Colour, bool) {
	if len(s) == 4 {
		s = string([]byte{s[0], s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return Colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return Colour{}, false
	}
	return Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Luminance is WCAG's relative luminance, 0 to 1.
func (c Colour) Luminance() float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is WCAG's ratio, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.Luminance(), b.Luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// InkOn is the colour of text on a fill: white when that is legible, else
// black. One of the two always reaches 4.5:1.
func InkOn(fill Colour) Colour {
	if Contrast(White, fill) >= TextContrast {
		return White
	}
	return Black
}

// Corrected moves c towards black or white, whichever is further from the
// backgrounds, until it reaches the ratio on all of them.
func Corrected(c Colour, ratio float64, on ...Colour) Colour {
	target := Black
	if InkOn(on[0]) == White {
		target = White
	}
	for step := range 101 {
		candidate := Mix(c, target, float64(step)/100)
		enough := true
		for _, background := range on {
			enough = enough && Contrast(candidate, background) >= ratio
		}
		if enough {
			return candidate
		}
	}
	return target
}

// Mix is a with a share of b in it.
func Mix(a, b Colour, share float64) Colour {
	part := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-share) + float64(y)*share)) }
	return Colour{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B)}
}
