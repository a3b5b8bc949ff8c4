package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

const (
	leaseTime = 30 * time.Second
	leasePoll = 100 * time.Millisecond
)

var errLeaseLost = errors.New("sqlstore: migration lease was taken over")

// lease is the one row of foyer_migration_lock: who migrates, and until when
// if nothing more is heard. It keeps two nodes from working on one file; that
// a file is applied once is the transaction's doing, so a lease taken over too
// early costs a retry and nothing else.
type lease struct {
	d      *DB
	holder string
}

var (
	process = secret.Random(8) // tells a process from an earlier one with its pid
	leases  atomic.Int64
)

func (d *DB) newLease() *lease {
	host, _ := os.Hostname() // empty is as good: it only finds the dead early
	return &lease{d: d, holder: fmt.Sprintf("%s/%d/%s/%d", host, os.Getpid(), process, leases.Add(1))}
}

// take waits until the lease is free, expired, or its holder is dead.
func (l *lease) take(ctx context.Context) error {
	for refused := 0; ; {
		held, err := l.try(ctx)
		switch {
		case held:
			return nil
		case errors.Is(err, ErrUnavailable) && l.d.dialect == "sqlite" && refused < 12:
			refused++ // another process's migration holds the file's lock for long
		case err != nil:
			return err
		}
		timer := time.NewTimer(leasePoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("wait for the migration lease: %w", ctx.Err())
		}
	}
}

func (l *lease) try(ctx context.Context) (held bool, err error) {
	now := l.d.now()
	dead := ""
	var holder string
	switch err := l.d.QueryRow(ctx, `SELECT holder FROM foyer_migration_lock WHERE id = 1`).Scan(&holder); {
	case err == nil && l.orphaned(holder):
		dead = holder
	case err != nil && !errors.Is(err, ErrNoRows):
		return false, err
	}
	taken := new(bool) // not held: a caller that leaves must not read what fn may still write
	err = l.d.write(ctx, true, func(tx *Tx) error {
		n, err := tx.Exec(`INSERT INTO foyer_migration_lock (id, holder, expires_at) VALUES (1, $1, $2)
			ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
			WHERE foyer_migration_lock.expires_at <= $3 OR foyer_migration_lock.holder = $1 OR foyer_migration_lock.holder = $4`,
			l.holder, now.Add(leaseTime).UnixMicro(), now.UnixMicro(), dead)
		*taken = n == 1
		return err
	})
	if err != nil {
		return false, err
	}
	return *taken, nil
}

// renew runs inside a migration's transaction and holds the row to its end.
func (l *lease) renew(tx *Tx) error {
	n, err := tx.Exec(`UPDATE foyer_migration_lock SET expires_at = $1 WHERE id = 1 AND holder = $2`,
		l.d.now().Add(leaseTime).UnixMicro(), l.holder)
	if err == nil && n == 0 {
		err = errLeaseLost
	}
	return err
}

func (l *lease) release(ctx context.Context) error {
	// Also when the caller has given up: the next node should not wait.
	_, err := l.d.WriteOne(context.WithoutCancel(ctx), `DELETE FROM foyer_migration_lock WHERE id = 1 AND holder = $1`, l.holder)
	return err
}

// orphaned reports whether the holder was a process of this host that is gone,
// so that a restart after a crash does not wait for the lease to end.
func (l *lease) orphaned(holder string) bool {
	own, _ := os.Hostname()
	part := strings.Split(holder, "/")
	if len(part) != 4 || part[0] != own || part[2] == process {
		return false
	}
	pid, err := strconv.Atoi(part[1])
	return err == nil && (pid == os.Getpid() || !alive(pid))
}
