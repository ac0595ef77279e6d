// Command ferretdb is a database for tests that speaks MongoDB's protocol and keeps its data in
// SQLite files of a temporary folder. It is slow: every query that is not by _id reads the whole
// collection.
//
// It prints "listening: URL" on standard output once it answers, and lives as long as its standard
// input is open, so that it cannot outlive the test that started it, however that ends.
//
// MongoDB performs an operation on one document atomically. FerretDB v1 does not: it reads the
// document, and then writes it, so that of two who replace one revision both may succeed. Therefore
// commands reach it one at a time, through the small proxy in this file. Nobody should run the
// program on FerretDB v1 without such a thing.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "truynguon-ferretdb-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, os.Stdin) // whatever ends it
	}()
	// As a library it reports no telemetry; this says so to everything that it links, too.
	if err := os.Setenv("DO_NOT_TRACK", "1"); err != nil {
		return err
	}
	socket := filepath.Join(dir, "socket")
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: socket},
		Handler:   "sqlite",
		SQLiteURL: (&url.URL{Scheme: "file", Opaque: dir + "/"}).String(),
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_ = db.MongoDBURI() // which waits for Run to listen
		fmt.Printf("listening: mongodb://%s/\n", l.Addr())
		serve(l, socket)
	}()
	return db.Run(ctx)
}

// serve connects each client to the database.
func serve(l net.Listener, socket string) {
	var turn sync.Mutex
	for {
		client, err := l.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "ferretdb:", err)
			os.Exit(1)
		}
		go func() {
			defer client.Close()
			db, err := net.Dial("unix", socket)
			if err != nil {
				fmt.Fprintln(os.Stderr, "ferretdb:", err)
				return
			}
			defer db.Close()
			for relay(client, db, &turn) == nil {
			}
		}()
	}
}

// relay passes one message of the client on, and its answer back. The database answers each message
// with one: it offers none of the commands that are answered by more, or by none.
func relay(client, db net.Conn, turn *sync.Mutex) error {
	ask, err := message(client)
	if err != nil {
		return err
	}
	turn.Lock()
	defer turn.Unlock()
	if _, err := db.Write(ask); err != nil {
		return err
	}
	answer, err := message(db)
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

// message reads one message of MongoDB's protocol, which begins with its length.
func message(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n < 16 || n > 48<<20 { // a header; the protocol's own limit is 48 MB
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	m := make([]byte, n)
	copy(m, size[:])
	_, err := io.ReadFull(r, m[4:])
	return m, err
}
