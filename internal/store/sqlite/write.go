package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

const (
	insertRecord = `INSERT INTO record (kind, key, rev, sort, terms, body) VALUES (?, ?, 1, ?, ?, ?)
		ON CONFLICT (kind, key) DO NOTHING`
	selectCurrent = `SELECT id, rev, sort, terms FROM record WHERE kind = ? AND key = ?`
	updateRecord  = `UPDATE record SET rev = rev + 1, sort = ?, terms = ?, body = ? WHERE id = ?`
	deleteRecord  = `DELETE FROM record WHERE id = ?`
	insertTerms   = `INSERT INTO term (kind, sort, key, id, term) SELECT ?1, ?2, ?3, ?4, ''
		UNION ALL SELECT ?1, ?2, ?3, ?4, value FROM json_each(?5)`
	deleteTerms = `DELETE FROM term WHERE kind = ? AND sort = ? AND key = ?
		AND term IN (SELECT '' UNION ALL SELECT value FROM json_each(?))`
)

// maxBatch bounds the writes that share a transaction, so that the first of them does not wait for
// ever. maxBatchBytes does the same for large bodies.
const (
	maxBatch      = 256
	maxBatchBytes = 4 << 20
)

// A write waits for its turn.
type write struct {
	ctx  context.Context
	do   func(tx *sql.Tx) (outcome, err error)
	size int
	// outcome is what the caller is told if the transaction succeeds. err fails the transaction.
	outcome, err error
	finished     chan struct{}
}

// submit hands a write to run and waits for what became of it.
func (db *DB) submit(ctx context.Context, size int, do func(*sql.Tx) (outcome, err error)) error {
	w := &write{ctx: ctx, do: do, size: size, finished: make(chan struct{})}
	select {
	case db.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return errClosed
	}
	select {
	case <-w.finished:
	case <-ctx.Done():
		return ctx.Err() // it may still happen
	}
	if w.err != nil {
		return db.told(ctx, w.err)
	}
	return w.outcome
}

// run is the one goroutine that writes. The flush to the disk at the end of a transaction is what
// takes time, so all writes that arrived during the last flush share the next. Nobody waits for
// others to come: a lone write is committed at once.
func (db *DB) run() {
	defer close(db.done)
	for {
		select {
		case <-db.closing:
			return
		case first := <-db.queue:
			batch, size := []*write{first}, first.size
		gather:
			for len(batch) < maxBatch && size < maxBatchBytes {
				select {
				case w := <-db.queue:
					batch, size = append(batch, w), size+w.size
				default:
					break gather
				}
			}
			db.commitAll(batch)
			for _, w := range batch {
				close(w.finished)
			}
		}
	}
}

// commitAll performs writes, if it can in one transaction.
func (db *DB) commitAll(batch []*write) {
	if failed := db.commit(batch); failed && len(batch) > 1 {
		// One write must not fail its neighbours: each gets a transaction of its own.
		for _, w := range batch {
			db.commit([]*write{w})
		}
	}
}

// commit performs writes in one transaction. It reports whether one of them failed, so that none
// has happened; when the transaction itself fails, that is the error of each.
func (db *DB) commit(batch []*write) (failed bool) {
	tx, err := db.writer.BeginTx(context.Background(), nil)
	if err == nil {
		for _, w := range batch {
			if w.outcome, w.err = w.ctx.Err(), nil; w.outcome != nil {
				continue // nobody waits for it any more
			}
			if w.outcome, w.err = w.do(tx); w.err != nil {
				w.err = errors.Join(w.err, tx.Rollback())
				return true
			}
		}
		err = tx.Commit()
	}
	if err != nil {
		for _, w := range batch {
			w.err = err
		}
	}
	return false
}

// Insert implements store.DB.
func (db *DB) Insert(ctx context.Context, kind string, r store.Record) (err error) {
	defer fault.Wrap(&err, "sqlite: insert %s %.80q", kind, r.Key)
	r, terms, err := db.checked(ctx, kind, r)
	if err != nil {
		return err
	}
	return db.submit(ctx, len(r.Body), func(tx *sql.Tx) (outcome, err error) {
		res, err := tx.Stmt(db.insertRecord).Exec(kind, r.Key, r.Sort, terms, string(r.Body))
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.Exists, err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return nil, err
		}
		_, err = tx.Stmt(db.insertTerms).Exec(kind, r.Sort, r.Key, id, terms)
		return nil, err
	})
}

// Replace implements store.DB.
func (db *DB) Replace(ctx context.Context, kind string, r store.Record) (err error) {
	defer fault.Wrap(&err, "sqlite: replace %s %.80q", kind, r.Key)
	r, terms, err := db.checked(ctx, kind, r)
	if err != nil {
		return err
	}
	return db.submit(ctx, len(r.Body), func(tx *sql.Tx) (outcome, err error) {
		was, outcome, err := db.find(tx, kind, r.Key, r.Rev)
		if outcome != nil || err != nil {
			return outcome, err
		}
		if _, err := tx.Stmt(db.updateRecord).Exec(r.Sort, terms, string(r.Body), was.id); err != nil {
			return nil, err
		}
		if was.sort == r.Sort && was.terms == terms {
			return nil, nil
		}
		if _, err := tx.Stmt(db.deleteTerms).Exec(kind, was.sort, r.Key, was.terms); err != nil {
			return nil, err
		}
		_, err = tx.Stmt(db.insertTerms).Exec(kind, r.Sort, r.Key, was.id, terms)
		return nil, err
	})
}

// Delete implements store.DB.
func (db *DB) Delete(ctx context.Context, kind, key string, rev int64) (err error) {
	defer fault.Wrap(&err, "sqlite: delete %s %.80q", kind, key)
	if err := db.ready(ctx, kind); err != nil {
		return err
	}
	if !store.ValidKey(key) {
		return fault.NotFound
	}
	return db.submit(ctx, 0, func(tx *sql.Tx) (outcome, err error) {
		was, outcome, err := db.find(tx, kind, key, rev)
		if outcome != nil || err != nil {
			return outcome, err
		}
		if _, err := tx.Stmt(db.deleteRecord).Exec(was.id); err != nil {
			return nil, err
		}
		_, err = tx.Stmt(db.deleteTerms).Exec(kind, was.sort, key, was.terms)
		return nil, err
	})
}

// checked prepares a record for writing, and its terms as the JSON array that is stored.
func (db *DB) checked(ctx context.Context, kind string, r store.Record) (store.Record, string, error) {
	if err := db.ready(ctx, kind); err != nil {
		return r, "", err
	}
	r, err := r.Checked()
	if err != nil || len(r.Terms) == 0 {
		return r, "[]", err
	}
	terms, err := json.Marshal(r.Terms)
	return r, string(terms), err
}

// row is what a write has to know of a record that is there.
type row struct {
	id          int64
	sort, terms string
}

// find looks for the record at its revision. The outcome is fault.NotFound or fault.Stale if it is
// not there.
func (db *DB) find(tx *sql.Tx, kind, key string, rev int64) (was row, outcome, err error) {
	var current int64
	err = tx.Stmt(db.current).QueryRow(kind, key).Scan(&was.id, &current, &was.sort, &was.terms)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return row{}, fault.NotFound, nil
	case err != nil:
		return row{}, nil, err
	case current != rev:
		return row{}, fault.Stale, nil
	}
	return was, nil, nil
}
