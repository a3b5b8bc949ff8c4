package authz

import (
	"context"
	"time"
)

// Progress is what a browser did in one interaction. It is server-side, bound
// to the browser's cookie and lives 15 minutes (spec/sign-in.md §1).
type Progress struct {
	Chosen     string // sub of the account that was chosen, "" none
	Registered bool   // an account was made
}

// ProgressCap is how many interactions one browser may have progress in; the
// oldest makes room (AZ17).
const ProgressCap = 64

// Store is what authz needs kept. browser is the hash of the browser cookie.
type Store interface {
	// FindProgress returns the progress of an interaction, zero when none.
	FindProgress(ctx context.Context, tenant, browser, interaction string, now time.Time) (Progress, error)
	// PutProgress stores it until expires, within the cap.
	PutProgress(ctx context.Context, tenant, browser, interaction string, p Progress, now, expires time.Time) error
	// SweepProgress removes what has expired, at most limit.
	SweepProgress(ctx context.Context, now time.Time, limit int) (int, error)
}
