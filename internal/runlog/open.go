package runlog

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// The ways to open a database file, as parameters of its URI. The pragmas hold for each
// connection, so they belong here and not into a statement.
const (
	pragmas         = "_foreign_keys=on&_busy_timeout=10000&_txlock=immediate"
	readWriteCreate = "mode=rwc&_journal_mode=WAL&_synchronous=FULL&" + pragmas
	readWrite       = "mode=rw&_journal_mode=WAL&_synchronous=FULL&" + pragmas
	readOnly        = "mode=ro&_query_only=on&" + pragmas
	frozen          = "mode=ro&immutable=1&" + pragmas
)

func openDB(path, parameters string) (*sql.DB, error) {
	address, err := fileAddress(path, parameters)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", address)
	if err != nil {
		return nil, err
	}
	var tables int // the file is not touched before the first query
	if err := db.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func fileAddress(path, parameters string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs), RawQuery: parameters}
	return file.String(), nil
}

// openDBForReading also opens a finished run in a folder that cannot be written: SQLite wants
// to make its -shm file there, and can do without only if told that the file will not change.
func openDBForReading(path string) (*sql.DB, error) {
	parameters := readOnly
	db, err := openDB(path, parameters)
	if err != nil {
		if _, walErr := os.Stat(path + "-wal"); errors.Is(walErr, fs.ErrNotExist) {
			parameters = frozen
			db, err = openDB(path, parameters)
		}
	}
	if err != nil {
		return nil, err
	}
	old, err := outdated(db)
	if err == nil && !old {
		return db, nil
	}
	defer db.Close()
	if err != nil {
		return nil, err
	}
	return openOlder(path, parameters, db)
}

func removeDB(path string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(path + suffix)
	}
}

// explain says what failed in which run and, where the cause is a known one, what to do. It is nil for nil.
func explain(dir, doing string, err error) error {
	if err == nil {
		return nil
	}
	var sqlErr sqlite3.Error
	if !errors.As(err, &sqlErr) {
		return fmt.Errorf("%s of run %s: %w", doing, dir, err)
	}
	hint := ""
	switch sqlErr.Code {
	case sqlite3.ErrFull:
		hint = ": the disk is full; the steps before this one are safe: free some space and go on with --resume"
	case sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrPerm, sqlite3.ErrAuth:
		hint = ": the folder or the file cannot be written or read: check its permissions or choose another folder"
	case sqlite3.ErrIoErr:
		hint = ": the disk failed or is full; the steps before this one are safe: check it and go on with --resume"
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		hint = ": another program holds a lock on log.db: close it and go on with --resume"
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		hint = ": log.db is damaged or is no SQLite file: restore it, or start anew with --force"
	}
	return fmt.Errorf("%s of run %s: %w%s", doing, dir, err, hint)
}
