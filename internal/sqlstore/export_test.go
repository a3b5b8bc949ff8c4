package sqlstore

// Queued is the number of transitions that wait for the SQLite writer.
func (d *DB) Queued() int { return len(d.engine.(*liteDB).jobs) }

// MaxWait is maxWait.
const MaxWait = maxWait

// SplitSQL is splitSQL.
var SplitSQL = splitSQL

// DepartAtOnce is how many sessions a client leaves in one transition.
const DepartAtOnce = departAtOnce
