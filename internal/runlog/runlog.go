// Package runlog keeps everything about a training run in one SQLite file, RUN/log.db: each
// step's metrics, every rollout with its verdict, advantage and reflections, the evaluations
// and the load of the experts. The file can be read, by this package or by any SQLite tool,
// while the run goes on; its views (v_runs, v_steps, v_rollouts, v_reflections, v_evals,
// v_experts) are a contract, its tables are not.
//
// One step is one transaction, so that the log holds whole steps only, whatever kills the
// process. The order of a step is: commit the log, then save the checkpoint. A resumed run
// starts at its newest checkpoint and calls TruncateFrom, which drops the steps that the
// checkpoint does not know of; they are made again with the same bits. For this order to hold
// after a power cut too, and not only after kill -9, a commit must be on disk before the
// checkpoint is written: hence synchronous=FULL, one fsync a step. (With NORMAL, WAL commits
// may be lost together, and a checkpoint would be newer than the log: a hole that is never
// filled.)
//
// A rollout's id is STEP:TASK:SAMPLE. One drawn by an evaluation is named after it as well,
// eval/TASKS/tTEMPERATURE/NTASKSxNSAMPLES:STEP:TASK:SAMPLE, because the same task is evaluated at
// several temperatures in one step.
//
// RUN/metrics.jsonl has one line a step under the metric names usual in the field (TRL's where
// it has one). It is made from the log, and put right on Open if it disagrees.
package runlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The file names inside a run folder.
const (
	DBFile      = "log.db"
	MetricsFile = "metrics.jsonl"
	ConfigFile  = "config.yaml"
)

// The states of a run.
const (
	Running     = "running"
	Finished    = "finished"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// Meta describes a run once and for all.
type Meta struct {
	Run, Recipe, Model, Host string
	Seed                     uint64
	Config                   []byte // the resolved recipe, YAML; also written to RUN/config.yaml
	StartedAt                time.Time
}

// Log is the open log of one run. Its methods may be called from several goroutines.
type Log struct {
	dir   string
	db    *sql.DB
	lock  *os.File   // held for as long as this process may write; nil for a reader
	write sync.Mutex // one writing transaction at a time, with its line in metrics.jsonl
}

// ErrExists is wrapped by Create's error where the folder already holds a run.
var ErrExists = errors.New("folder already holds a run")

// Create starts a new run in dir, which is made if needed and must not hold a run yet.
func Create(dir string, meta Meta) (*Log, error) {
	if meta.Seed > 1<<63-1 {
		return nil, fmt.Errorf("create run %s: seed %d does not fit in the log: use one below 2^63", dir, meta.Seed)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create run %s: %w: choose a folder that can be written with --out", dir, err)
	}
	lock, err := lockForWriting(dir)
	if err != nil {
		return nil, err
	}
	log, err := create(dir, meta, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return log, nil
}

func create(dir string, meta Meta, lock *os.File) (*Log, error) {
	path := filepath.Join(dir, DBFile)
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%w: %s: use --resume to go on with it, --force to replace it, or another --out", ErrExists, dir)
	}
	db, err := openDB(path, readWriteCreate)
	if err != nil {
		return nil, explain(dir, "create the log", err)
	}
	log := &Log{dir: dir, db: db, lock: lock}
	if err := log.begin(meta); err != nil {
		db.Close()
		removeDB(path)
		return nil, explain(dir, "create the log", err)
	}
	return log, nil
}

// begin makes the schema and the one row of the table of runs.
func (l *Log) begin(meta Meta) error {
	if err := migrate(l.db); err != nil {
		return err
	}
	_, err := l.db.Exec(`INSERT INTO runs (id, run, started_at, seed, model, recipe, status, host, config)
		VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)`,
		cleanText(meta.Run), meta.StartedAt.UTC().Format(time.RFC3339Nano), int64(meta.Seed), cleanText(meta.Model),
		cleanText(meta.Recipe), Running, cleanText(meta.Host), cleanText(string(meta.Config)))
	if err != nil {
		return err
	}
	if len(meta.Config) > 0 {
		if err := replaceFile(filepath.Join(l.dir, ConfigFile), meta.Config); err != nil {
			return err
		}
	}
	return replaceFile(filepath.Join(l.dir, MetricsFile), nil)
}

// Remove deletes the run in dir with all that is in the folder. A folder without a run is left alone, and so is one
// that another process writes, with an error.
func Remove(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, DBFile)); err != nil {
		return nil //nolint:nilerr // no run, nothing to remove
	}
	lock, err := lockForWriting(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(dir), lock.Close()); err != nil {
		return fmt.Errorf("remove run %s: %w", dir, err)
	}
	return nil
}

// Open opens the log of an existing run for going on with it. Only one process can.
func Open(dir string) (*Log, error) {
	path := filepath.Join(dir, DBFile)
	if err := mustHoldRun(dir); err != nil {
		return nil, err
	}
	lock, err := lockForWriting(dir)
	if err != nil {
		return nil, err
	}
	db, err := openDB(path, readWrite)
	if err != nil {
		lock.Close()
		return nil, explain(dir, "open the log", err)
	}
	log := &Log{dir: dir, db: db, lock: lock}
	err = migrate(db)
	if err == nil {
		err = log.repairMetrics()
	}
	if err != nil {
		log.Close()
		return nil, explain(dir, "open the log", err)
	}
	return log, nil
}

// OpenReadOnly opens the log of a run for reading, also while another process writes it.
func OpenReadOnly(dir string) (*Log, error) {
	if err := mustHoldRun(dir); err != nil {
		return nil, err
	}
	db, err := openDBForReading(filepath.Join(dir, DBFile))
	if err != nil {
		return nil, explain(dir, "read the log", err)
	}
	return &Log{dir: dir, db: db}, nil
}

// Close closes the log. It leaves the run's status as it is.
func (l *Log) Close() error {
	err := l.db.Close()
	if l.lock != nil {
		err = errors.Join(err, l.lock.Close())
	}
	if err != nil {
		return fmt.Errorf("close the log of %s: %w", l.dir, err)
	}
	return nil
}

// Dir returns the run folder.
func (l *Log) Dir() string { return l.dir }

// SetStatus records whether the run is running, finished, interrupted or failed.
func (l *Log) SetStatus(ctx context.Context, status string) error {
	switch status {
	case Running, Finished, Interrupted, Failed:
	default:
		return fmt.Errorf("set the status of %s: unknown status %q: use running, finished, interrupted or failed", l.dir, status)
	}
	_, err := l.db.ExecContext(ctx, `UPDATE runs SET status = ?`, status)
	return explain(l.dir, "set the status", err)
}

// SetPeak records the FLOPs a second of the machine's float32 matmuls.
func (l *Log) SetPeak(ctx context.Context, flops float64) error {
	_, err := l.db.ExecContext(ctx, `UPDATE runs SET peak_flops = ?`, flops)
	return explain(l.dir, "set the matmul peak", err)
}

func mustHoldRun(dir string) error {
	_, err := os.Stat(filepath.Join(dir, DBFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s holds no run (no %s in it): name a run folder; `rltrain runs` lists them", dir, DBFile)
	}
	if err != nil {
		return fmt.Errorf("look for a run in %s: %w", dir, err)
	}
	return nil
}
