// Package mongo is the store for those who run MongoDB, on one machine or on many.
//
// Each kind is a collection, and a record a document in it:
//
//	_id    the key
//	rev    the revision
//	sort   the sort string
//	terms  the terms, and "" first, by which every record of the kind is found
//	json   the body, byte for byte; this is what is read back
//	doc    the body as a document, for people who query by hand; see readable
//
// It uses nothing but operations on single documents, which every server has: standalone or
// replica set, and those of others that speak the protocol.
package mongo

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// How long a server may take, unless the address says otherwise (serverSelectionTimeoutMS,
// connectTimeoutMS, timeoutMS): people wait for the answer, and an error is better than silence.
const (
	selectionTimeout = 3 * time.Second
	connectTimeout   = 3 * time.Second
	operationTimeout = 15 * time.Second
	closeTimeout     = 10 * time.Second
)

// DB is a store in a MongoDB database.
type DB struct {
	client *driver.Client
	db     *driver.Database

	closeOnce sync.Once
	closing   chan struct{}

	mu      sync.Mutex
	indexed map[string]bool // the kinds whose index was seen to exist
}

var _ store.DB = (*DB)(nil)

// record is how a record is kept.
type record struct {
	Key   string   `bson:"_id"`
	Rev   int64    `bson:"rev"`
	Sort  string   `bson:"sort"`
	Terms []string `bson:"terms"`
	JSON  string   `bson:"json"`
	Doc   bson.D   `bson:"doc,omitempty"`
}

// Open prepares to use the database that the address names: mongodb://HOST:PORT/DATABASE, with any
// of the driver's options. It does not wait for the server, which may start later; Ping tells
// whether it answers. It fails if the address is wrong.
//
// Reads go to the primary, and a write is acknowledged when a majority has it in its journal,
// whatever the address says: the contract of store.DB rests on both.
func Open(_ context.Context, url string) (_ *DB, err error) {
	defer fault.Wrap(&err, "mongo: open") // the address may hold a password
	address, err := connstring.ParseAndValidate(url)
	if err != nil {
		return nil, errors.New("the address cannot be read; it has the form mongodb://HOST:PORT/DATABASE")
	}
	if address.Database == "" {
		return nil, errors.New("the address names no database; it has the form mongodb://HOST:PORT/DATABASE")
	}
	opts := options.Client().ApplyURI(url)
	if opts.ServerSelectionTimeout == nil {
		opts.SetServerSelectionTimeout(selectionTimeout)
	}
	if opts.ConnectTimeout == nil {
		opts.SetConnectTimeout(connectTimeout)
	}
	if opts.Timeout == nil {
		opts.SetTimeout(operationTimeout)
	}
	if opts.AppName == nil {
		opts.SetAppName("truynguon")
	}
	journal := true
	opts.SetReadPreference(readpref.Primary())
	opts.SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: &journal})
	client, err := driver.Connect(opts)
	if err != nil {
		return nil, err
	}
	return &DB{
		client:  client,
		db:      client.Database(address.Database),
		closing: make(chan struct{}),
		indexed: map[string]bool{},
	}, nil
}

// withoutDoc leaves out what is only for people.
var withoutDoc = bson.D{{Key: "doc", Value: 0}}

// Get implements store.DB.
func (db *DB) Get(ctx context.Context, kind string, keys ...string) (_ []store.Record, err error) {
	defer fault.Wrap(&err, "mongo: get %s", kind)
	if err := db.ready(ctx, kind); err != nil {
		return nil, err
	}
	keys = store.UniqueKeys(keys)
	if len(keys) == 0 {
		return nil, nil
	}
	var filter any = keys[0]
	if len(keys) > 1 {
		filter = bson.D{{Key: "$in", Value: keys}}
	}
	found, err := db.find(ctx, kind, bson.D{{Key: "_id", Value: filter}}, len(keys), nil)
	if err != nil || len(found) < 2 {
		return found, err
	}
	byKey := make(map[string]store.Record, len(found))
	for _, r := range found {
		byKey[r.Key] = r
	}
	found = found[:0]
	for _, key := range keys {
		if r, ok := byKey[key]; ok {
			found = append(found, r)
		}
	}
	return found, nil
}

// Find implements store.DB.
func (db *DB) Find(ctx context.Context, kind string, q store.Query) (_ store.Page, err error) {
	defer fault.Wrap(&err, "mongo: find %s %.80q", kind, q.Term)
	if err := db.ready(ctx, kind); err != nil {
		return store.Page{}, err
	}
	b, err := q.Bounds()
	if err != nil || b.Empty {
		return store.Page{}, err
	}
	found, err := db.find(ctx, kind, filter(carrying(q.Term, b), b), b.Limit+1, order(q.Desc))
	if err != nil {
		return store.Page{}, err
	}
	return store.NewPage(found, b.Limit), nil
}

// order is the order of a page: that of the index, or its reverse.
func order(desc bool) bson.D {
	direction := 1
	if desc {
		direction = -1
	}
	return bson.D{{Key: "sort", Value: direction}, {Key: "_id", Value: direction}}
}

// carrying is the condition on the terms. Of up to 200 terms the server merges the stretches of the
// index in order; of more it reads all that they find, and keeps a page of it.
func carrying(term string, b store.Bounds) any {
	if b.Any != nil {
		return bson.D{{Key: "$in", Value: b.Any}}
	}
	return term
}

// filter selects the records that meet the condition on their terms, strictly between the bounds.
//
// After a cursor the page continues within records of equal sort, and then with the others. Those
// are two stretches of the index, each asked for by a whole branch of one $or: the server walks
// both in order and merges them. One condition on the rest of the range with the first stretch
// taken out again would make it read the records of equal sort from their beginning.
func filter(terms any, b store.Bounds) bson.D {
	var rest bson.D  // conditions on sort
	var equal bson.D // on sort and _id, if the bounds come from a cursor
	switch {
	case b.Low.Key != "":
		rest = append(rest, bson.E{Key: "$gt", Value: b.Low.Sort})
		equal = bson.D{{Key: "sort", Value: b.Low.Sort}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: b.Low.Key}}}}
	case b.Low.Sort != "":
		rest = append(rest, bson.E{Key: "$gte", Value: b.Low.Sort})
	}
	if b.HasHigh {
		rest = append(rest, bson.E{Key: "$lt", Value: b.High.Sort})
		if b.High.Key != "" {
			equal = bson.D{{Key: "sort", Value: b.High.Sort}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: b.High.Key}}}}
		}
	}
	all := bson.D{{Key: "terms", Value: terms}}
	if len(rest) > 0 {
		all = append(all, bson.E{Key: "sort", Value: rest})
	}
	if equal == nil {
		return all
	}
	return bson.D{{Key: "$or", Value: bson.A{append(bson.D{{Key: "terms", Value: terms}}, equal...), all}}}
}

// find reads at most limit records, in one round trip.
func (db *DB) find(ctx context.Context, kind string, filter bson.D, limit int, sort bson.D) ([]store.Record, error) {
	opts := options.Find().SetProjection(withoutDoc).SetLimit(int64(limit)).SetBatchSize(int32(limit))
	if sort != nil {
		opts.SetSort(sort)
	}
	cursor, err := db.db.Collection(kind).Find(ctx, filter, opts)
	if err != nil {
		return nil, db.told(ctx, err)
	}
	var documents []record
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, db.told(ctx, err)
	}
	found := make([]store.Record, len(documents))
	for i, d := range documents {
		found[i] = store.Record{Key: d.Key, Rev: d.Rev, Sort: d.Sort, Terms: store.TermSet(d.Terms), Body: []byte(d.JSON)}
	}
	return found, nil
}

// document makes the document of a record.
func document(r store.Record, rev int64) record {
	return record{
		Key: r.Key, Rev: rev, Sort: r.Sort, JSON: string(r.Body), Doc: readable(r.Body),
		Terms: append([]string{""}, r.Terms...),
	}
}

// Insert implements store.DB.
func (db *DB) Insert(ctx context.Context, kind string, r store.Record) (err error) {
	defer fault.Wrap(&err, "mongo: insert %s %.80q", kind, r.Key)
	if err := db.ready(ctx, kind); err != nil {
		return err
	}
	if r, err = r.Checked(); err != nil {
		return err
	}
	if err := db.index(ctx, kind); err != nil {
		return err
	}
	d, tries := document(r, 1), 0
	return db.retry(ctx, func() error {
		if tries++; tries > 1 {
			// The server failed to insert, perhaps because another writer was inserting the same key.
			switch err := db.missed(ctx, kind, r.Key); {
			case errors.Is(err, fault.Stale):
				return fault.Exists
			case !errors.Is(err, fault.NotFound):
				return err
			}
		}
		err := plainly(&d, func() error {
			_, err := db.db.Collection(kind).InsertOne(ctx, d)
			return err
		})
		if driver.IsDuplicateKeyError(err) {
			return fault.Exists
		}
		return err
	})
}

// Replace implements store.DB.
func (db *DB) Replace(ctx context.Context, kind string, r store.Record) (err error) {
	defer fault.Wrap(&err, "mongo: replace %s %.80q", kind, r.Key)
	if err := db.ready(ctx, kind); err != nil {
		return err
	}
	if r, err = r.Checked(); err != nil {
		return err
	}
	d := document(r, r.Rev+1)
	return db.retry(ctx, func() error {
		var res *driver.UpdateResult
		err := plainly(&d, func() (err error) {
			res, err = db.db.Collection(kind).ReplaceOne(ctx, at(r.Key, r.Rev), d)
			return err
		})
		if err != nil || res.MatchedCount == 1 {
			return err
		}
		return db.missed(ctx, kind, r.Key)
	})
}

// Delete implements store.DB.
func (db *DB) Delete(ctx context.Context, kind, key string, rev int64) (err error) {
	defer fault.Wrap(&err, "mongo: delete %s %.80q", kind, key)
	if err := db.ready(ctx, kind); err != nil {
		return err
	}
	if !store.ValidKey(key) {
		return fault.NotFound
	}
	return db.retry(ctx, func() error {
		res, err := db.db.Collection(kind).DeleteOne(ctx, at(key, rev))
		if err != nil || res.DeletedCount == 1 {
			return err
		}
		return db.missed(ctx, kind, key)
	})
}

// at selects a record at a revision.
func at(key string, rev int64) bson.D {
	return bson.D{{Key: "_id", Value: key}, {Key: "rev", Value: rev}}
}

// missed says why a record was not found at its revision: fault.NotFound if there is none, and
// fault.Stale otherwise.
func (db *DB) missed(ctx context.Context, kind, key string) error {
	err := db.db.Collection(kind).FindOne(ctx, bson.D{{Key: "_id", Value: key}},
		options.FindOne().SetProjection(bson.D{{Key: "rev", Value: 1}})).Err()
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return fault.NotFound
	case err != nil:
		return err
	}
	return fault.Stale
}

// plainly performs a write, and once more without the document for people if the server refuses
// it: not every server takes every document, and this one nobody depends on.
func plainly(d *record, write func() error) error {
	err := write()
	if d.Doc != nil && refused(err) {
		d.Doc = nil
		err = write()
	}
	return err
}

// index makes sure that the kind has its index, once per process, before the first record is
// written. The server does nothing if it is there.
func (db *DB) index(ctx context.Context, kind string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.indexed[kind] {
		return nil
	}
	if err := db.retry(ctx, func() error {
		_, err := db.db.Collection(kind).Indexes().CreateOne(ctx, driver.IndexModel{
			Keys: bson.D{{Key: "terms", Value: 1}, {Key: "sort", Value: 1}, {Key: "_id", Value: 1}},
		})
		return err
	}); err != nil {
		return err
	}
	db.indexed[kind] = true
	return nil
}

// Ping implements store.DB.
func (db *DB) Ping(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "mongo: ping")
	if err := db.ready(ctx, "ping"); err != nil {
		return err
	}
	if err := db.client.Ping(ctx, readpref.Primary()); err != nil {
		return db.told(ctx, err)
	}
	return nil
}

// Close implements store.DB.
func (db *DB) Close() error {
	var err error
	db.closeOnce.Do(func() {
		close(db.closing)
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		err = db.client.Disconnect(ctx)
	})
	return err
}

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

// maxTries bounds the attempts at a write that the server failed to perform.
const maxTries = 10

// retry performs a write, again if the server said that it did not happen for a reason that
// passes. An error of the network is not such a reason: nobody knows what happened then.
func (db *DB) retry(ctx context.Context, write func() error) error {
	for try := 1; ; try++ {
		err := write()
		if !transient(err) || try == maxTries {
			return db.told(ctx, err)
		}
		timer := time.NewTimer(rand.N(time.Millisecond << min(try, 7)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
