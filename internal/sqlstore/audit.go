package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	sess "github.com/foyer-id/foyer/internal/session"
)

// AuditRecord is an event as it was recorded. At is Unix microseconds.
type AuditRecord struct {
	ID    int64
	At    int64
	Actor audit.Actor
	audit.Event
}

// ListAudit returns the tenant's records, newest first, before the cursor id
// (0: from the newest), at most limit.
func (s *Store) ListAudit(ctx context.Context, tenant string, before int64, limit int) ([]AuditRecord, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	rows, err := s.db.Query(ctx, `SELECT id, at, kind, actor, sub, client_id, sid, address, request_id, data
		FROM audit WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, tenant, before, limit)
	list, err := collect(rows, err, scanAudit)
	if err != nil {
		return nil, fmt.Errorf("list audit: %w", err)
	}
	return list, nil
}

func scanAudit(rows *Rows) (AuditRecord, error) {
	var r AuditRecord
	var data string
	err := rows.Scan(&r.ID, &r.At, &r.Kind, &r.Actor.Name, &r.Sub, &r.ClientID, &r.SID,
		&r.Actor.Address, &r.Actor.RequestID, &data)
	if err == nil && data != "{}" {
		err = json.Unmarshal([]byte(data), &r.Data)
	}
	return r, err
}

var newAudits = bulk{table: "audit", columns: "at, kind, actor, sub, client_id, sid, address, request_id, data"}

// writeAudit writes one event in the transition that it tells of.
func writeAudit(ctx context.Context, tx *Tx, tenant string, now time.Time, e audit.Event) error {
	return writeAudits(ctx, tx, tenant, now, []audit.Event{e})
}

// writeAudits writes the events of one transition.
func writeAudits(ctx context.Context, tx *Tx, tenant string, now time.Time, events []audit.Event) error {
	who := audit.ActorOf(ctx)
	rows := make([][]any, len(events))
	for i, e := range events {
		data := []byte("{}")
		if len(e.Data) > 0 {
			data, _ = json.Marshal(e.Data) // a map of strings cannot fail
		}
		rows[i] = []any{micro(now), string(e.Kind), who.Name, e.Sub, e.ClientID, e.SID, who.Address, who.RequestID, string(data)}
	}
	return newAudits.insert(tx, tenant, now, rows)
}

// ended is the event of one session's end; what e says beside it is kept.
func ended(e audit.Event, sid, sub string, reason sess.Reason) audit.Event {
	if e.Kind == "" {
		e.Kind = audit.SessionEnded
	}
	e.SID, e.Sub = sid, sub
	e.Data = maps.Clone(e.Data)
	if e.Data == nil {
		e.Data = make(map[string]string, 1)
	}
	e.Data["reason"] = string(reason)
	return e
}
