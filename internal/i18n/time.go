package i18n

import "time"

// months are the keys of the month names, January first.
var months = [12]Key{DateMonth1, DateMonth2, DateMonth3, DateMonth4, DateMonth5, DateMonth6,
	DateMonth7, DateMonth8, DateMonth9, DateMonth10, DateMonth11, DateMonth12}

// FormatTime says when t was, seen from now: "just now", "2 hours ago",
// "yesterday", and after a week the date. Dates and days are those of t's
// location. A time in the future, other than a clock's small lead, is a date.
func FormatTime(l *Locale, t, now time.Time) string {
	now = now.In(t.Location())
	ago := now.Sub(t)
	switch {
	case ago < -time.Minute:
		return FormatDate(l, t)
	case ago < time.Minute:
		return l.T(TimeNow)
	case ago < time.Hour:
		return l.T(TimeMinutes, "n", int(ago/time.Minute))
	case ago < 24*time.Hour:
		return l.T(TimeHours, "n", int(ago/time.Hour))
	}
	if days := midnight(now) - midnight(t); days < 7 {
		return l.T(TimeDays, "n", days)
	}
	return FormatDate(l, t)
}

// FormatDate is the date in t's location, such as "20 November 2026".
func FormatDate(l *Locale, t time.Time) string {
	key := DateLong
	if t.Day() == 1 {
		key = DateLongFirst // French says "1er"
	}
	return l.T(key, "day", t.Day(), "month", l.T(months[t.Month()-1]), "year", t.Year())
}

// midnight numbers the calendar days, so that "yesterday" is yesterday across
// a change of clocks too.
func midnight(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// FormatMoment is the date and time in t's location, named: "20 November 2026,
// 14:05 UTC". A mail is read long after, and elsewhere.
func FormatMoment(l *Locale, t time.Time) string {
	return l.T(DateMoment, "date", FormatDate(l, t), "time", isolate(l, t.Format("15:04 MST")))
}
