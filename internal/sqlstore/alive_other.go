//go:build !unix

package sqlstore

// alive cannot tell here: the lease runs out by itself.
func alive(int) bool { return true }
