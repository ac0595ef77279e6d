package storetest

import (
	"context"
	"fmt"
	"sync"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// ErrInjected is what a faulty database returns. It is fault.Unavailable, as is the error of a real
// database of which nobody knows whether it did what it was asked.
var ErrInjected = fmt.Errorf("storetest: injected fault: %w", fault.Unavailable)

// A Fault says which write goes wrong, and how.
type Fault struct {
	// Write is the number of the write that fails, counting from 1. 0: none does.
	Write int
	// Kept is true if the write is performed and only its answer is lost, false if the write is.
	Kept bool
	// Dead is true if everything after it fails too, reads included, as for a process that died.
	// Otherwise the caller may carry on, or clean up, at once.
	Dead bool
}

// Faulty returns a database that passes everything on to db, except for one fault. It is for
// proving that a sequence of writes is safe wherever it stops:
//
//	for _, f := range []storetest.Fault{{}, {Kept: true}, {Dead: true}, {Kept: true, Dead: true}} {
//		for f.Write = 1; ; f.Write++ {
//			db := newDB(t)
//			faulty := storetest.Faulty(db, f)
//			first := verb(faulty)    // fails, unless it survived the fault
//			again := verb(db)        // must succeed, and leave what an undisturbed run leaves
//			if !faulty.Struck() {
//				break                // the verb has fewer writes than that
//			}
//		}
//	}
//
// Closing it does not close db.
func Faulty(db store.DB, f Fault) *FaultyDB { return &FaultyDB{db: db, fault: f} }

// FaultyDB is a store.DB made by Faulty. A write is a call of Insert, Replace or Delete, whether or
// not it would have succeeded.
type FaultyDB struct {
	db    store.DB
	fault Fault

	mu     sync.Mutex
	writes int
}

var _ store.DB = (*FaultyDB)(nil)

// Writes returns how many writes were asked for, up to the fault and including it if it is Dead.
func (f *FaultyDB) Writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

// Struck reports whether the fault has happened.
func (f *FaultyDB) Struck() bool { return f.fault.Write > 0 && f.Writes() >= f.fault.Write }

func (f *FaultyDB) dead() bool { return f.fault.Dead && f.Struck() }

func (f *FaultyDB) write(do func() error) error {
	if f.dead() {
		return ErrInjected
	}
	f.mu.Lock()
	f.writes++
	strikes := f.writes == f.fault.Write
	f.mu.Unlock()
	if !strikes {
		return do()
	}
	if f.fault.Kept {
		_ = do() // its outcome is what gets lost
	}
	return ErrInjected
}

// Get implements store.DB.
func (f *FaultyDB) Get(ctx context.Context, kind string, keys ...string) ([]store.Record, error) {
	if f.dead() {
		return nil, ErrInjected
	}
	return f.db.Get(ctx, kind, keys...)
}

// Find implements store.DB.
func (f *FaultyDB) Find(ctx context.Context, kind string, q store.Query) (store.Page, error) {
	if f.dead() {
		return store.Page{}, ErrInjected
	}
	return f.db.Find(ctx, kind, q)
}

// Insert implements store.DB.
func (f *FaultyDB) Insert(ctx context.Context, kind string, r store.Record) error {
	return f.write(func() error { return f.db.Insert(ctx, kind, r) })
}

// Replace implements store.DB.
func (f *FaultyDB) Replace(ctx context.Context, kind string, r store.Record) error {
	return f.write(func() error { return f.db.Replace(ctx, kind, r) })
}

// Delete implements store.DB.
func (f *FaultyDB) Delete(ctx context.Context, kind, key string, rev int64) error {
	return f.write(func() error { return f.db.Delete(ctx, kind, key, rev) })
}

// Ping implements store.DB.
func (f *FaultyDB) Ping(ctx context.Context) error {
	if f.dead() {
		return ErrInjected
	}
	return f.db.Ping(ctx)
}

// Close implements store.DB. It leaves the database behind it open.
func (f *FaultyDB) Close() error { return nil }
