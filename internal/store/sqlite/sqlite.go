// Package sqlite is the embedded store: one file, nothing to install.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// DB is a store in an SQLite database. Reads go on beside writes; writes that come at the same
// time share one flush to the disk.
type DB struct {
	// writer has one connection, which the goroutine run owns once the database is open.
	writer, reader *sql.DB

	get, getMany                           *sql.Stmt
	findUp, findUpTo                       *sql.Stmt
	findDown, findDownFrom                 *sql.Stmt
	anyUp, anyUpTo                         *sql.Stmt
	anyDown, anyDownFrom                   *sql.Stmt
	insertRecord, updateRecord, current    *sql.Stmt
	insertTerms, deleteTerms, deleteRecord *sql.Stmt

	queue   chan *write   // to run; unbuffered, so that nothing waits in it unseen
	closing chan struct{} // closed by Close
	done    chan struct{} // closed when run has returned

	closeOnce sync.Once
}

var _ store.DB = (*DB)(nil)

const (
	columns   = `r.key, r.rev, r.sort, r.terms, r.body`
	selectGet = `SELECT ` + columns + ` FROM record r WHERE r.kind = ? AND r.key = ?`
	// The keys come as one JSON array, so that one prepared statement serves any number.
	selectGetMany = `SELECT ` + columns + ` FROM json_each(?) j CROSS JOIN record r
		WHERE r.kind = ? AND r.key = j.value ORDER BY j.key`
	// CROSS JOIN fixes the order of the loops: along term, then the record.
	selectFind = `SELECT ` + columns + ` FROM term t CROSS JOIN record r ON r.id = t.id
		WHERE t.kind = ? AND t.term = ? AND (t.sort, t.key) > (?, ?) `
	andBelow = `AND (t.sort, t.key) < (?, ?) `
)

// selectAny finds records by any of several terms, which come as one JSON array. Of each term it
// reads no more entries than a page holds; what they have in common is there once.
func selectAny(below, desc bool) string {
	between, order := `AND (o.sort, o.key) > (?3, ?4) `, ``
	if below {
		between += `AND (o.sort, o.key) < (?6, ?7) `
	}
	if desc {
		order = ` DESC`
	}
	return `SELECT ` + columns + ` FROM (
			SELECT DISTINCT t.sort, t.key, t.id FROM json_each(?1) j CROSS JOIN term t
			WHERE t.kind = ?2 AND t.term = j.value AND (t.sort, t.key) IN (
				SELECT o.sort, o.key FROM term o WHERE o.kind = ?2 AND o.term = j.value ` + between + `
				ORDER BY o.sort` + order + `, o.key` + order + ` LIMIT ?5)
			ORDER BY t.sort` + order + `, t.key` + order + ` LIMIT ?5) f
		CROSS JOIN record r ON r.id = f.id ORDER BY f.sort` + order + `, f.key` + order
}

// Get implements store.DB.
func (db *DB) Get(ctx context.Context, kind string, keys ...string) (_ []store.Record, err error) {
	defer fault.Wrap(&err, "sqlite: get %s", kind)
	if err := db.ready(ctx, kind); err != nil {
		return nil, err
	}
	keys = store.UniqueKeys(keys)
	switch len(keys) {
	case 0:
		return nil, nil
	case 1:
		return db.read(ctx, 1, db.get, kind, keys[0])
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return db.read(ctx, len(keys), db.getMany, string(list), kind)
}

// Find implements store.DB.
func (db *DB) Find(ctx context.Context, kind string, q store.Query) (_ store.Page, err error) {
	defer fault.Wrap(&err, "sqlite: find %s %.80q", kind, q.Term)
	if err := db.ready(ctx, kind); err != nil {
		return store.Page{}, err
	}
	b, err := q.Bounds()
	if err != nil || b.Empty {
		return store.Page{}, err
	}
	if b.Any != nil {
		return db.findAny(ctx, kind, q.Desc, b)
	}
	stmt := [2][2]*sql.Stmt{{db.findUp, db.findUpTo}, {db.findDown, db.findDownFrom}}[index(q.Desc)][index(b.HasHigh)]
	args := []any{kind, q.Term, b.Low.Sort, b.Low.Key}
	if b.HasHigh {
		args = append(args, b.High.Sort, b.High.Key)
	}
	found, err := db.read(ctx, b.Limit+1, stmt, append(args, b.Limit+1)...)
	if err != nil {
		return store.Page{}, err
	}
	return store.NewPage(found, b.Limit), nil
}

// findAny is Find by any of several terms.
func (db *DB) findAny(ctx context.Context, kind string, desc bool, b store.Bounds) (store.Page, error) {
	list, err := json.Marshal(b.Any)
	if err != nil {
		return store.Page{}, err
	}
	stmt := [2][2]*sql.Stmt{{db.anyUp, db.anyUpTo}, {db.anyDown, db.anyDownFrom}}[index(desc)][index(b.HasHigh)]
	args := []any{string(list), kind, b.Low.Sort, b.Low.Key, b.Limit + 1}
	if b.HasHigh {
		args = append(args, b.High.Sort, b.High.Key)
	}
	found, err := db.read(ctx, b.Limit+1, stmt, args...)
	if err != nil {
		return store.Page{}, err
	}
	return store.NewPage(found, b.Limit), nil
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// read runs one of the statements that select columns. It expects at most the given number of rows.
func (db *DB) read(ctx context.Context, atMost int, stmt *sql.Stmt, args ...any) (_ []store.Record, err error) {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, db.told(ctx, err)
	}
	defer func() {
		if e := rows.Close(); err == nil && e != nil {
			err = db.told(ctx, e)
		}
	}()
	found := make([]store.Record, 0, min(atMost, 64))
	for rows.Next() {
		var r store.Record
		var terms sql.RawBytes
		if err := rows.Scan(&r.Key, &r.Rev, &r.Sort, &terms, (*[]byte)(&r.Body)); err != nil {
			return nil, db.told(ctx, err)
		}
		if len(terms) > len("[]") {
			if err := json.Unmarshal(terms, &r.Terms); err != nil {
				return nil, fmt.Errorf("terms of %q: %w", r.Key, err)
			}
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, db.told(ctx, err)
	}
	return found, nil
}

// Ping implements store.DB. It reads a page of the file.
func (db *DB) Ping(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "sqlite: ping")
	if err := db.ready(ctx, "ping"); err != nil {
		return err
	}
	var version int
	if err := db.reader.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return db.told(ctx, err)
	}
	return nil
}

// Close implements store.DB. It folds the log into the database file.
func (db *DB) Close() error {
	var err error
	db.closeOnce.Do(func() {
		close(db.closing)
		<-db.done
		err = db.closeFiles()
	})
	return err
}

// closeFiles closes the readers first, so that the writer is the last to leave and folds the log.
func (db *DB) closeFiles() error {
	if db.reader == db.writer {
		return db.writer.Close()
	}
	return errors.Join(db.reader.Close(), db.writer.Close())
}

// errClosed is the answer of a closed database.
var errClosed = fmt.Errorf("closed: %w", fault.Unavailable)

// ready is asked at the start of every method.
func (db *DB) ready(ctx context.Context, kind string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-db.closing:
		return errClosed
	default:
		return store.CheckKind(kind)
	}
}

// told gives an error of the driver its kind.
func (db *DB) told(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-db.closing:
		return errClosed
	default:
	}
	var e *driver.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff { // the rest tells variants apart
		case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_READONLY, codes.SQLITE_INTERRUPT,
			codes.SQLITE_IOERR, codes.SQLITE_FULL, codes.SQLITE_CANTOPEN:
			return fmt.Errorf("%w: %w", fault.Unavailable, err)
		}
	}
	return err
}
