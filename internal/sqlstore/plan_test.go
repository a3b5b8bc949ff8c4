package sqlstore_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// No statement reads a table whole, or the whole part of a tenant. SQLite plans
// without statistics, so that what it does here it does everywhere.
func TestDS10_StatementsUseTheirIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, storetest.MigratedSQLite(t), sqlstore.Options{}))
	for statement, index := range sqlstore.Plans {
		text := regexp.MustCompile(`\$\d+`).ReplaceAllString(statement, "'1'")
		rows, err := w.db.Query(w.ctx, `EXPLAIN QUERY PLAN `+text)
		w.must(err)
		var plan []string
		for rows.Next() {
			var id, parent, unused any
			var detail string
			w.must(rows.Scan(&id, &parent, &unused, &detail))
			plan = append(plan, detail)
		}
		w.must(rows.Err())
		all := strings.Join(plan, "\n")
		if strings.Contains(all, "SCAN") || strings.Contains(all, "(tenant=?)") || !strings.Contains(all, index) {
			t.Errorf("%s\nwants %s:\n%s", statement, index, all)
		}
	}
}
