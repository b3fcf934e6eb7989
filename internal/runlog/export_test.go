package runlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// Schema is the newest schema's number.
func Schema() (int, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	return len(files), err
}

// WriteOlder makes a run in dir whose log has an older schema: that of the first migrations, and all of another log that fits in.
func WriteOlder(dir string, schema int, from string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	db, err := openDB(filepath.Join(dir, DBFile), readWriteCreate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for i := range schema {
		if err := apply(db, files[i], i+1); err != nil {
			return err
		}
	}
	if _, err := db.Exec("ATTACH ? AS newest", filepath.Join(from, DBFile)); err != nil {
		return err
	}
	have, err := tablesOf(db)
	if err != nil {
		return err
	}
	for _, name := range []string{"runs", "steps", "evals", "eval_metrics", "task_groups", "rollouts", "reflections", "experts", "probes", "probe_metrics"} {
		i := slices.IndexFunc(have, func(t tableColumns) bool { return t.name == name })
		if i < 0 {
			continue
		}
		columns := `"` + strings.Join(have[i].columns, `", "`) + `"`
		if _, err := db.Exec(fmt.Sprintf("INSERT INTO main.%s (%s) SELECT %s FROM newest.%s", name, columns, columns, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err = db.Exec("INSERT INTO rollouts_fts (rollouts_fts) VALUES ('rebuild')")
	return err
}
