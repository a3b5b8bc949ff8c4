package i18n

// Negotiation is everything that has a say in a page's language. Empty fields
// have none.
type Negotiation struct {
	Menu           string    // the tag chosen in the page's own language menu, on the request that chose it
	UILocales      string    // ui_locales, on the request that brought it (afterwards the cookie speaks)
	Cookie         string    // the remembered choice
	AcceptLanguage string    // the header; empty when the tenant does not look at it
	ClientDefault  string    // the client's default_locale
	TenantDefault  string    // the tenant's default locale
	Offered        []*Locale // from Offered; empty means every language
}

// Negotiate picks the language: the menu, ui_locales, the remembered choice,
// Accept-Language, the client's default, the tenant's, the first offered. The
// menu goes first because it is a click on the page that ui_locales brought.
// remember says that the person or the application chose it and the cookie
// should keep it. Bad tags are ignored, never an error (OIDC Core §3.1.2.1).
func Negotiate(in Negotiation) (l *Locale, remember bool) {
	offered := in.Offered
	if len(offered) == 0 {
		offered = Offered(nil)
	}
	if l, ok := Match([]string{in.Menu}, offered); ok {
		return l, true
	}
	if l, ok := Match(ParseUILocales(in.UILocales), offered); ok {
		return l, true
	}
	if l, ok := Match([]string{in.Cookie}, offered); ok {
		return l, false
	}
	if l, ok := Match(ParseAcceptLanguage(in.AcceptLanguage), offered); ok {
		return l, false
	}
	if l, ok := Match([]string{in.ClientDefault, in.TenantDefault}, offered); ok {
		return l, false
	}
	return offered[0], false
}
