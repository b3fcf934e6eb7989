package runlog

import (
	"context"
	"fmt"
)

// LimitPages makes the database behave as on a disk that is full at that size. It holds for
// one connection, so there must be no second.
func (l *Log) LimitPages(ctx context.Context, pages int) error {
	l.db.SetMaxOpenConns(1)
	_, err := l.db.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

// Impatient makes the log give up at once where another program holds a lock. It holds for one connection.
func (l *Log) Impatient(ctx context.Context) error {
	l.db.SetMaxOpenConns(1)
	_, err := l.db.ExecContext(ctx, "PRAGMA busy_timeout = 20")
	return err
}
