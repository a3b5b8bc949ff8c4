package account

import (
	"crypto/sha256"
	_ "embed"
)

// common holds the first 40 bits of the SHA-256 of every listed password,
// sorted, made by "go run ./gen list.txt" from the lists that common.LICENSE
// names. It is searched where it lies: nothing is unpacked at start. A random
// password is refused by mistake once in 20 million times.
//
//go:embed common.bin
var common string

const prefixLen = 5 // bytes

// listed reports that s, exactly as given, is on the list.
func listed(s string) bool {
	sum := sha256.Sum256([]byte(s))
	want := string(sum[:prefixLen])
	lo, hi := 0, len(common)/prefixLen
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if common[mid*prefixLen:(mid+1)*prefixLen] < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(common)/prefixLen && common[lo*prefixLen:(lo+1)*prefixLen] == want
}
