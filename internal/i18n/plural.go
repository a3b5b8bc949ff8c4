package i18n

// category is a CLDR plural category, an index into a message's forms.
type category int

const (
	other category = iota
	zero
	one
	two
	few
	many
	categories
)

var categoryNames = map[string]category{"zero": zero, "one": one, "two": two, "few": few, "many": many, "other": other}

// plurals are the cardinal rules of CLDR 48 for whole numbers, by primary
// language subtag. A language without a rule has only "other". The test
// compares them with vectors made by a CLDR implementation.
var plurals = map[string]func(n uint64) category{
	"en": oneIsOne, "de": oneIsOne, "nl": oneIsOne, "sv": oneIsOne, "da": oneIsOne,
	"nb": oneIsOne, "fi": oneIsOne, "tr": oneIsOne, "el": oneIsOne,
	"fr": zeroAndOne, "pt": zeroAndOne,
	"es": oneAndMillions, "it": oneAndMillions,
	"hi": func(n uint64) category { return pick(n <= 1, one) },
	"he": hebrew, "ar": arabic, "pl": polish, "cs": czech, "ru": russian, "uk": russian,
}

func pick(yes bool, c category) category {
	if yes {
		return c
	}
	return other
}

func oneIsOne(n uint64) category { return pick(n == 1, one) }

func millions(n uint64) bool { return n != 0 && n%1_000_000 == 0 }

func oneAndMillions(n uint64) category {
	if n == 1 {
		return one
	}
	return pick(millions(n), many)
}

func zeroAndOne(n uint64) category {
	if n <= 1 {
		return one
	}
	return pick(millions(n), many)
}

func hebrew(n uint64) category {
	if n == 1 {
		return one
	}
	return pick(n == 2, two)
}

func arabic(n uint64) category {
	switch r := n % 100; {
	case n == 0:
		return zero
	case n == 1:
		return one
	case n == 2:
		return two
	case r >= 3 && r <= 10:
		return few
	case r >= 11:
		return many
	}
	return other
}

func czech(n uint64) category {
	if n == 1 {
		return one
	}
	return pick(n >= 2 && n <= 4, few)
}

// fewOf is true for 2-4, 22-24 and so on, but not for 12-14.
func fewOf(n uint64) bool {
	last, teen := n%10, n%100
	return last >= 2 && last <= 4 && (teen < 12 || teen > 14)
}

func polish(n uint64) category {
	switch {
	case n == 1:
		return one
	case fewOf(n):
		return few
	}
	return many
}

func russian(n uint64) category {
	switch {
	case n%10 == 1 && n%100 != 11:
		return one
	case fewOf(n):
		return few
	}
	return many
}

// rightToLeft are the primary language subtags written from right to left.
var rightToLeft = map[string]bool{"ar": true, "he": true, "fa": true, "ur": true, "ps": true, "yi": true, "dv": true, "ckb": true}
