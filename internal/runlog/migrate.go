package runlog

import (
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// The schema's history: file n brings a database from user_version n-1 to n.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each migration in its own transaction.
func migrate(db *sql.DB) error {
	if _, err := outdated(db); err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := schemaVersion(db)
	if err != nil {
		return err
	}
	for i := version; i < len(files); i++ {
		if err := apply(db, files[i], i+1); err != nil {
			return fmt.Errorf("migrate the log to schema %d: %w", i+1, err)
		}
	}
	return nil
}

func apply(db *sql.DB, file string, version int) error {
	script, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(string(script)); err != nil {
		return err
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// outdated tells whether an older program wrote the log; it refuses one that a newer program wrote.
func outdated(db *sql.DB) (bool, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return false, err
	}
	version, err := schemaVersion(db)
	if err != nil {
		return false, err
	}
	if version > len(files) {
		return false, fmt.Errorf("the log has schema %d, this rltrain knows up to %d: use the newer rltrain that wrote it", version, len(files))
	}
	return version < len(files), nil
}

func schemaVersion(db *sql.DB) (version int, err error) {
	err = db.QueryRow("PRAGMA user_version").Scan(&version)
	return version, err
}
