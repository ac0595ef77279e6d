package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// settings returns valid settings, made of the defaults and what is set.
func settings(t *testing.T, set ...string) Config {
	t.Helper()
	c, err := loadConfig(set)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpenEmbedded(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	c := settings(t, "TRUYNGUON_DB=sqlite:"+filepath.Join(folder, "truynguon.db"), "TRUYNGUON_BLOBS=file:"+filepath.Join(folder, "blobs"))
	db, err := openStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	bucket, err := openBlobs(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := bucket.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := bucket.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpenServersThatAreDown starts with servers that do not answer: the program must come up, as
// it and they may be started in any order, and say that it is not ready.
func TestOpenServersThatAreDown(t *testing.T) {
	c := settings(t, "TRUYNGUON_DB=mongodb://127.0.0.1:1/truynguon", "TRUYNGUON_BLOBS=s3://127.0.0.1:1/truynguon?tls=false",
		"TRUYNGUON_S3_ACCESS_KEY=x", "TRUYNGUON_S3_SECRET_KEY=y")
	db, err := openStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if db.Ping(short) == nil {
		t.Error("a database that does not run answers")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	bucket, err := openBlobs(c)
	if err != nil {
		t.Fatal(err)
	}
	if bucket.Ping(short) == nil {
		t.Error("a document store that does not run answers")
	}
	if err := bucket.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenNamesTheSetting(t *testing.T) {
	folder := t.TempDir()
	c := settings(t, "TRUYNGUON_DB=sqlite:"+folder)
	if _, err := openStore(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "TRUYNGUON_DB: ") {
		t.Errorf("a folder as database: %v", err)
	}
	// What the driver makes of an address must not end in a log either.
	for _, addr := range []string{
		"mongodb://u:hunter2@127.0.0.1:1/truynguon?authMechanism=NONE",
		"mongodb://u:hunter2%zz@127.0.0.1:1/truynguon",
		"mongodb://u:hun:ter2@127.0.0.1:1/truynguon",
		"mongodb://u:hunter2/@127.0.0.1:1/truynguon",
	} {
		c.DB = addr
		if _, err := openStore(t.Context(), c); err == nil || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
