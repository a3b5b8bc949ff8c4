package screens

import (
	"fmt"
	"math"
	"strconv"
)

// colour is an sRGB colour.
type colour struct{ r, g, b uint8 }

var (
	white = colour{255, 255, 255}
	black = colour{0, 0, 0}
	// The surfaces of assets/foyer.css that text in a tenant's accent stands on.
	lightSurface, lightGround = colour{0xff, 0xff, 0xff}, colour{0xf4, 0xf5, 0xf8}
	darkSurface, darkGround   = colour{0x18, 0x1b, 0x22}, colour{0x0f, 0x11, 0x16}
)

// WCAG 2.2 §1.4.3 (text) and §1.4.11 (edges of controls).
const (
	textContrast = 4.5
	edgeContrast = 3.0
)

// parseColour reads #rgb and #rrggbb, nothing else.
func parseColour(s string) (colour, bool) {
	if len(s) == 4 {
		s = string([]byte{s[0], s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return colour{}, false
	}
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// luminance is WCAG's relative luminance, 0 to 1.
func (c colour) luminance() float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is WCAG's ratio, 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// inkOn is the colour of text on a fill: white when that is legible, else
// black. One of the two always reaches 4.5:1.
func inkOn(fill colour) colour {
	if contrast(white, fill) >= textContrast {
		return white
	}
	return black
}

// corrected moves c towards black or white, whichever is further from the
// backgrounds, until it reaches the ratio on all of them.
func corrected(c colour, ratio float64, on ...colour) colour {
	target := black
	if inkOn(on[0]) == white {
		target = white
	}
	for step := range 101 {
		candidate := mix(c, target, float64(step)/100)
		enough := true
		for _, background := range on {
			enough = enough && contrast(candidate, background) >= ratio
		}
		if enough {
			return candidate
		}
	}
	return target
}

func mix(a, b colour, share float64) colour {
	part := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-share) + float64(y)*share)) }
	return colour{part(a.r, b.r), part(a.g, b.g), part(a.b, b.b)}
}
