package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // registers the driver

	"truynguon/internal/fault"
)

// Memory is the path that opens a private database in memory, gone when it is closed.
const Memory = ":memory:"

// applicationID marks a file as ours in its header ("TruN"), so that a wrong path in the settings
// does not put our tables into somebody else's database.
const applicationID = 0x5472754e

// readers is the number of connections that read at the same time. They hold no lock for longer
// than a page takes, so a few are enough for many cores.
const readers = 8

// schema holds the steps from one version of the tables to the next. The number of steps taken is
// PRAGMA user_version. Steps are only ever added.
var schema = []string{
	// A record has a rowid of its own, so that bodies are appended, whatever their keys: records
	// keyed by a hash would otherwise dirty a page each, all over the file. The terms are kept with
	// the record, so that a replace knows which rows of term to take away.
	//
	// The columns of term are the question in the order in which it is asked, so that a page of
	// answers is a walk along its primary key. It carries the empty term for every record.
	//
	// Text is compared by SQLite's default collation BINARY: by bytes.
	`CREATE TABLE record (
		id    INTEGER PRIMARY KEY,
		kind  TEXT NOT NULL,
		key   TEXT NOT NULL,
		rev   INTEGER NOT NULL,
		sort  TEXT NOT NULL,
		terms TEXT NOT NULL, -- JSON array of strings
		body  TEXT NOT NULL, -- JSON object
		UNIQUE (kind, key)
	) STRICT;
	CREATE TABLE term (
		kind TEXT NOT NULL,
		term TEXT NOT NULL,
		sort TEXT NOT NULL,
		key  TEXT NOT NULL,
		id   INTEGER NOT NULL, -- of the record
		PRIMARY KEY (kind, term, sort, key)
	) STRICT, WITHOUT ROWID;`,
}

// Open opens the database in the file at path, and creates it, readable by its owner only, if it
// is not there; missing folders are created too. Several processes may have it open at once. The
// path Memory gives a private database in memory, for tests.
//
// It takes milliseconds, however many records there are. It fails if the file is not a database of
// ours, or was written by a newer version of the program.
func Open(ctx context.Context, path string) (_ *DB, err error) {
	defer fault.Wrap(&err, "sqlite: open %s", path)
	db := &DB{queue: make(chan *write), closing: make(chan struct{}), done: make(chan struct{})}
	if path == Memory {
		// A database in memory belongs to its connection, so there must be only one, and it must
		// live. Readers and writers take turns on it.
		db.writer, err = sql.Open("sqlite", "file::memory:?_txlock=immediate&_pragma=synchronous(OFF)")
		if err != nil {
			return nil, err
		}
		db.reader = db.writer
	} else {
		source, err := prepareFile(path)
		if err != nil {
			return nil, err
		}
		if db.writer, err = sql.Open("sqlite", source+"&"+writerOptions); err != nil {
			return nil, err
		}
		if db.reader, err = sql.Open("sqlite", source+"&"+readerOptions); err != nil {
			return nil, errors.Join(err, db.writer.Close())
		}
		db.reader.SetMaxOpenConns(readers)
		db.reader.SetMaxIdleConns(readers)
	}
	db.writer.SetMaxOpenConns(1)
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(err, db.closeFiles())
	}
	go db.run()
	return db, nil
}

// The settings of the connections to a file, in the order in which they are made.
//
//   - WAL lets reads go on beside a write. synchronous=FULL flushes the log at each commit, so that
//     what was acknowledged survives a power failure; group commit (see run) pays for it.
//   - secure_delete overwrites what was deleted, because personal data must be erasable.
//   - The log is folded into the database each 4000 pages (32 MB), which costs a write that meets it
//     tens of milliseconds; larger is better for loading and worse for reading.
//   - Memory mapping stays off: with it a read error on the disk
//     would kill the process instead of failing the request.
var (
	writerOptions = options("busy_timeout(10000)", "page_size(8192)", "journal_mode(WAL)",
		"synchronous(FULL)", "secure_delete(ON)", "wal_autocheckpoint(4000)",
		"journal_size_limit(67108864)", "cache_size(-65536)") + "&_txlock=immediate"
	readerOptions = options("busy_timeout(10000)", "cache_size(-8192)", "query_only(ON)")
)

func options(pragmas ...string) string { return url.Values{"_pragma": pragmas}.Encode() }

// prepareFile makes sure that the file exists, with permissions that SQLite would not choose (its
// companions, the log and its index, inherit them), and returns the start of its data source name.
func prepareFile(path string) (source string, err error) {
	if path == "" {
		return "", errors.New("no path")
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		// The entry of a new file in its folder must outlive a power failure too.
		if err := errors.Join(f.Close(), syncDir(dir)); err != nil {
			return "", err
		}
	case !errors.Is(err, os.ErrExist):
		return "", err
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	return "file://" + (&url.URL{Path: slashed}).EscapedPath() + "?_time_format=sqlite", nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// start brings the tables up to date and prepares the statements.
func (db *DB) start(ctx context.Context) error {
	if err := db.migrate(ctx); err != nil {
		return db.told(ctx, err)
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		on   *sql.DB
		text string
	}{
		{&db.get, db.reader, selectGet},
		{&db.getMany, db.reader, selectGetMany},
		{&db.findUp, db.reader, selectFind + `ORDER BY t.sort, t.key LIMIT ?`},
		{&db.findUpTo, db.reader, selectFind + andBelow + `ORDER BY t.sort, t.key LIMIT ?`},
		{&db.findDown, db.reader, selectFind + `ORDER BY t.sort DESC, t.key DESC LIMIT ?`},
		{&db.findDownFrom, db.reader, selectFind + andBelow + `ORDER BY t.sort DESC, t.key DESC LIMIT ?`},
		{&db.anyUp, db.reader, selectAny(false, false)},
		{&db.anyUpTo, db.reader, selectAny(true, false)},
		{&db.anyDown, db.reader, selectAny(false, true)},
		{&db.anyDownFrom, db.reader, selectAny(true, true)},
		{&db.insertRecord, db.writer, insertRecord},
		{&db.insertTerms, db.writer, insertTerms},
		{&db.current, db.writer, selectCurrent},
		{&db.updateRecord, db.writer, updateRecord},
		{&db.deleteRecord, db.writer, deleteRecord},
		{&db.deleteTerms, db.writer, deleteTerms},
	} {
		stmt, err := s.on.PrepareContext(ctx, s.text)
		if err != nil {
			return db.told(ctx, err)
		}
		*s.stmt = stmt
	}
	return nil
}

// migrate takes the steps of schema that the file has not taken yet, in one transaction, so that
// a second process that starts at the same time waits and then finds them taken.
func (db *DB) migrate(ctx context.Context) (err error) {
	if version, id, _, err := versions(ctx, db.writer); err != nil {
		return err
	} else if version == len(schema) && id == applicationID {
		return nil
	}
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	version, id, tables, err := versions(ctx, tx)
	if err != nil {
		return err
	}
	switch {
	case id != applicationID && (id != 0 || version != 0 || tables != 0):
		return errors.New("the file is a database of another program")
	case version > len(schema):
		return fmt.Errorf("the database has version %d, written by a newer version of the program; this one knows %d", version, len(schema))
	}
	for _, step := range schema[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	// PRAGMA takes no parameters.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d; PRAGMA application_id = %d`, len(schema), applicationID)); err != nil {
		return err
	}
	return tx.Commit()
}

// versions reads what the header of the file says, and whether there are tables in it.
func versions(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (version, id, tables int, err error) {
	err = q.QueryRowContext(ctx, `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_user_version, pragma_application_id`).Scan(&version, &id, &tables)
	return version, id, tables, err
}
