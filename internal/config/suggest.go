package config

import "strings"

// suggest returns the known word that word is a misspelling of, or "".
// publicUrl and public-url count as public_url; otherwise one mistake per three
// letters is forgiven, a swap of neighbours being one mistake and so a word cut
// short or drawn out (cert, warning).
func suggest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	best, least := "", len(word)/3+1
	a := plain(word)
	for _, k := range known {
		b := plain(k)
		n := max(len(a)-len(b), len(b)-len(a)) // at least as far as the lengths are
		switch {
		case min(len(a), len(b)) >= 3 && n > 1 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)):
			n = 1
		case n < least:
			n = distance(a, b)
		}
		if n < least || n == 0 {
			best, least = k, n
		}
	}
	return best
}

var separators = strings.NewReplacer("_", "", "-", "")

func plain(s string) string { return separators.Replace(strings.ToLower(s)) }

// distance is the optimal string alignment distance in bytes.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
