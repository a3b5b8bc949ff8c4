package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// MasterKeyCheck returns the constant that was sealed with the master key of
// this database, "" when none has been yet.
func (s *Store) MasterKeyCheck(ctx context.Context) (string, error) {
	var sealed string
	err := s.db.QueryRow(ctx, `SELECT sealed FROM master_key WHERE id = 'check'`).Scan(&sealed)
	if err != nil && !errors.Is(err, ErrNoRows) {
		return "", fmt.Errorf("read master key check: %w", err)
	}
	return sealed, nil
}

// HasKeys tells whether any tenant has a signing key, sealed with some master
// key.
func (s *Store) HasKeys(ctx context.Context) (bool, error) {
	var n int64
	if err := s.db.QueryRow(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM keys) THEN 1 ELSE 0 END`).Scan(&n); err != nil {
		return false, fmt.Errorf("look for keys: %w", err)
	}
	return n == 1, nil
}

// ClaimMasterKey keeps sealed unless there is a check already, and returns the
// one that is kept: of several nodes starting at once, all learn the first's.
func (s *Store) ClaimMasterKey(ctx context.Context, sealed string) (string, error) {
	_, err := s.db.WriteOne(ctx, `INSERT INTO master_key (id, sealed) VALUES ('check', $1) ON CONFLICT DO NOTHING`, sealed)
	if err != nil {
		return "", fmt.Errorf("keep master key check: %w", err)
	}
	return s.MasterKeyCheck(ctx)
}
