package screens

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/web"
)

// Routes are the hosted pages (spec/product.md, Endpoints). State changes are
// same-origin posts to these paths, never to the protocol's.
func (s *Screens) Routes() []web.Route {
	screen := func(path string, get, post web.Handler, aliases ...string) web.Route {
		return web.Route{Path: path, Aliases: aliases, Screen: true,
			Methods: map[string]web.Handler{http.MethodGet: get, http.MethodPost: post}}
	}
	get := func(path string, h web.Handler) web.Route {
		return web.Route{Path: path, Methods: map[string]web.Handler{http.MethodGet: h}}
	}
	assets := get("/assets/", s.Asset)
	assets.Prefix = true
	return []web.Route{
		screen("/login", s.ShowLogin, s.Login, "/auth-ui/login"),
		screen("/register", s.ShowRegister, s.Register),
		screen("/choose", s.ShowChoose, s.Choose),
		screen("/consent", s.ShowConsent, s.Consent),
		screen("/signout", s.ShowSignOut, s.SignOut),
		screen(profilePath, s.ShowProfile, s.Profile, "/auth-ui/profile"),
		screen(devicesPath, s.ShowDevices, s.EndDevices),
		screen("/register/code", s.ShowCode(challenge.Register), s.TakeCode(challenge.Register)),
		screen("/register/link", s.OpenLink(challenge.Register), s.PressLink(challenge.Register)),
		screen("/login/verify", s.ShowVerify, s.TakeCode(challenge.Verify)),
		screen("/login/verify/link", s.OpenLink(challenge.Verify), s.PressLink(challenge.Verify)),
		screen("/login/not-me", s.ShowNotMe, s.NotMe),
		screen("/forgot-password", s.ShowForgot, s.Forgot),
		screen("/forgot-password/code", s.ShowCode(challenge.Reset), s.TakeCode(challenge.Reset)),
		get("/forgot-password/link", s.OpenLink(challenge.Reset)),
		screen(newPasswordPath, s.ShowNewPassword, s.NewPassword),
		get("/", s.Home),
		assets,
	}
}
