package screens

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is one static file, its name made unique by its content.
type asset struct {
	path    string // relative to the tenant's base: assets/foyer.0123456789abcdef.css
	media   string
	content []byte
}

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are the static files by name, such as "foyer.css".
var assets = loadAssets()

func loadAssets() map[string]asset {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // embedded
	}
	all := make(map[string]asset, len(entries))
	for _, e := range entries {
		content, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err) // embedded
		}
		all[e.Name()] = asset{hashedPath(e.Name(), content), mediaTypes[path.Ext(e.Name())], content}
	}
	return all
}

func hashedPath(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return "assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
}

// AssetPath is the path of a static file relative to the tenant's base, ""
// when there is none of that name.
func AssetPath(name string) string { return assets[name].path }

// ThemePath is the path of a tenant's style sheet (ThemeCSS) relative to its
// base, "" when the sheet is empty.
func ThemePath(css []byte) string {
	if len(css) == 0 {
		return ""
	}
	return hashedPath("theme.css", css)
}

// Assets serves the static files whatever the base in front of assets/. The
// name carries the hash, so a browser keeps them for a year; an old name, as
// pages of another version have it during an upgrade, gets today's file.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[plainName(path.Base(r.URL.Path))]
		if !ok {
			http.NotFound(w, r)
			return
		}
		serve(w, r, a)
	})
}

// ServeTheme answers a request for assets/theme.….css with the tenant's sheet.
func ServeTheme(w http.ResponseWriter, r *http.Request, css []byte) {
	serve(w, r, asset{ThemePath(css), mediaTypes[".css"], css})
}

// plainName takes the hash out of foyer.0123456789abcdef.css.
func plainName(hashed string) string {
	parts := strings.Split(hashed, ".")
	if len(parts) != 3 {
		return ""
	}
	return parts[0] + "." + parts[2]
}

func serve(w http.ResponseWriter, r *http.Request, a asset) {
	h := w.Header()
	h.Set("Content-Type", a.media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(a.content)))
	if path.Base(r.URL.Path) == path.Base(a.path) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.content) // the browser has gone
	}
}

// IsTheme tells whether a path is that of a tenant's style sheet.
func IsTheme(p string) bool { return plainName(path.Base(p)) == "theme.css" }
