package i18n

import (
	"sort"
	"strings"
)

// ParseUILocales splits the space separated list of OIDC Core §3.1.2.1,
// keeping its order and dropping what is not a tag. At most 20 tags.
func ParseUILocales(s string) []string {
	var tags []string
	for s = clip(s, " "); s != "" && len(tags) < maxTags; {
		var tag string
		tag, s, _ = strings.Cut(s, " ")
		if t, ok := canonical(tag); ok {
			tags = append(tags, t)
		}
	}
	return tags
}

// ParseAcceptLanguage returns the tags of the header, best first (RFC 9110
// §12.5.4); equal weights keep their order, weight 0 and "*" are dropped. At
// most 20 tags.
func ParseAcceptLanguage(h string) []string {
	type weighed struct {
		tag string
		q   int
	}
	var all []weighed
	for h = clip(h, ","); h != "" && len(all) < maxTags; {
		var item string
		item, h, _ = strings.Cut(h, ",")
		name, params, _ := strings.Cut(item, ";")
		tag, ok := canonical(strings.Trim(name, " \t"))
		q, valid := weight(strings.Trim(params, " \t"))
		if ok && valid && q > 0 {
			all = append(all, weighed{tag, q})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].q > all[j].q })
	tags := make([]string, len(all))
	for i, w := range all {
		tags[i] = w.tag
	}
	return tags
}

// clip bounds a list, at a separator so that no tag is cut in two.
func clip(s, separator string) string {
	if len(s) <= maxListSize {
		return s
	}
	s = s[:maxListSize]
	return s[:max(0, strings.LastIndex(s, separator))]
}

// weight reads "q=0.8" in thousandths (RFC 9110 §12.4.2); absent is 1000.
func weight(s string) (int, bool) {
	if s == "" {
		return 1000, true
	}
	if len(s) < 3 || len(s) > 7 || s[0]|0x20 != 'q' || s[1] != '=' {
		return 0, false
	}
	whole, fraction := s[2], s[3:]
	if whole != '0' && whole != '1' || fraction != "" && fraction[0] != '.' {
		return 0, false
	}
	q, unit := int(whole-'0')*1000, 100
	for _, c := range strings.TrimPrefix(fraction, ".") {
		if c < '0' || c > '9' {
			return 0, false
		}
		q += int(c-'0') * unit
		unit /= 10
	}
	return q, q <= 1000
}
