package runlog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// A log that an older rltrain wrote is read as it is: reading changes no file. Each connection gets temporary views, which live in
// memory and hide the tables of their names: what the older schema has not is NULL or empty there, and the sums that it did not
// keep are made by the queries that the migration filled them with. They cost a look at every rollout.

// older is how the tables of schema 3 that hold sums are made of the others.
func olderSums() map[string]string {
	return map[string]string{
		"step_outcomes": `SELECT g.step_id AS step, r.verdict AS verdict, r.reflections > 0 AS reflects, count(*) AS rollouts, sum(r.tokens) AS tokens,
			coalesce(sum(r.language_mix), 0) AS language_mix
			FROM main.rollouts r JOIN main.task_groups g ON g.id = r.group_id WHERE g.step_id IS NOT NULL GROUP BY 1, 2, 3`,
		"step_phrases": `SELECT g.step_id AS step, f.category AS category, lower(f.phrase) AS phrase, count(*) AS n, sum(f.effect = 'good') AS good,
			sum(f.effect = 'bad') AS bad
			FROM main.reflections f JOIN main.rollouts r ON r.id = f.rollout_id JOIN main.task_groups g ON g.id = r.group_id
			WHERE g.step_id IS NOT NULL GROUP BY 1, 2, 3`,
	}
}

// openOlder opens a log of an older schema for reading; have is a database that is open on it.
func openOlder(path, parameters string, have *sql.DB) (*sql.DB, error) {
	newest, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, err
	}
	defer newest.Close()
	newest.SetMaxOpenConns(1) // each connection would have a database of its own
	if err := migrate(newest); err != nil {
		return nil, err
	}
	script, err := viewsOver(have, newest)
	if err != nil {
		return nil, fmt.Errorf("an older rltrain wrote this log, and it cannot be read: %w", err)
	}
	parameters = strings.Replace(parameters, "&_query_only=on", "", 1) // it would forbid the views; mode=ro guards the file
	hook := func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec(script+"PRAGMA query_only = on;", nil)
		return err
	}
	address, err := fileAddress(path, parameters)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector{&sqlite3.SQLiteDriver{ConnectHook: hook}, address})
	if err := db.Ping(); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// connector opens connections by a driver that has not been registered.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// viewsOver writes the temporary views that make an older schema look like the newest one.
func viewsOver(older, newest *sql.DB) (string, error) {
	have, err := tablesOf(older)
	if err != nil {
		return "", err
	}
	want, err := tablesOf(newest)
	if err != nil {
		return "", err
	}
	var script strings.Builder
	for _, table := range want {
		i := slices.IndexFunc(have, func(t tableColumns) bool { return t.name == table.name })
		switch sums := olderSums()[table.name]; {
		case i >= 0 && slices.Equal(have[i].columns, table.columns):
		case i >= 0:
			fmt.Fprintf(&script, "CREATE TEMP VIEW %s AS SELECT %s FROM main.%s;\n", table.name, columnsFrom(table.columns, have[i].columns), table.name)
		case sums != "":
			fmt.Fprintf(&script, "CREATE TEMP VIEW %s AS %s;\n", table.name, sums)
		default:
			fmt.Fprintf(&script, "CREATE TEMP VIEW %s AS SELECT %s WHERE 0;\n", table.name, columnsFrom(table.columns, nil))
		}
	}
	views, err := newest.Query(`SELECT sql FROM sqlite_schema WHERE type = 'view' AND name LIKE 'v\_%' ESCAPE '\'`)
	if err != nil {
		return "", err
	}
	defer views.Close()
	for views.Next() {
		var text string
		if err := views.Scan(&text); err != nil {
			return "", err
		}
		script.WriteString(strings.Replace(text, "CREATE VIEW", "CREATE TEMP VIEW", 1) + ";\n")
	}
	return script.String(), views.Err()
}

// columnsFrom lists columns; those that a table has not are NULL.
func columnsFrom(columns, have []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		if out[i] = `"` + c + `"`; !slices.Contains(have, c) {
			out[i] = `NULL AS "` + c + `"`
		}
	}
	return strings.Join(out, ", ")
}

type tableColumns struct {
	name    string
	columns []string
}

// tablesOf lists the tables but those of the full-text index, which are the same in all schemas.
func tablesOf(db *sql.DB) (tables []tableColumns, err error) {
	rows, err := db.Query(`SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'rollouts\_fts%' ESCAPE '\' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.cid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		if len(tables) == 0 || tables[len(tables)-1].name != table {
			tables = append(tables, tableColumns{name: table})
		}
		last := &tables[len(tables)-1]
		last.columns = append(last.columns, column)
	}
	return tables, rows.Err()
}
