package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"truynguon/internal/store"
	"truynguon/internal/store/storetest"
)

func open(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	t.Run("Memory", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.DB { return open(t, Memory) })
	})
	t.Run("File", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.DB { return open(t, filepath.Join(t.TempDir(), "db")) })
	})
	t.Run("Reopen", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "db")
		storetest.RunReopen(t, func(t *testing.T) store.DB { return open(t, path) })
	})
}

func Benchmark(b *testing.B) {
	b.Run("Memory", func(b *testing.B) {
		storetest.Benchmark(b, 50_000, func(b *testing.B) store.DB { return open(b, Memory) })
	})
	b.Run("File", func(b *testing.B) {
		storetest.Benchmark(b, 50_000, func(b *testing.B) store.DB { return open(b, filepath.Join(b.TempDir(), "db")) })
	})
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		db, err := Open(b.Context(), Memory)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func insert(t testing.TB, db store.DB, key string, terms ...string) {
	t.Helper()
	if err := db.Insert(t.Context(), "thing", store.Record{Key: key, Terms: terms, Body: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
}

// Two databases in memory are two.
func TestMemoryIsPrivate(t *testing.T) {
	a, b := open(t, Memory), open(t, Memory)
	insert(t, a, "k")
	insert(t, b, "k")
}

// Paths are not URLs, and what is kept there is nobody else's business.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not yet there", "a b?mode=memory&x#%41é.db")
	db := open(t, path)
	insert(t, db, "k")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("db%s has mode %o, want 600", suffix, mode)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 3 {
		t.Errorf("files %v, %v", entries, err)
	}
}

// serve and a command, or two commands, may start on a new file at the same moment, and work on it
// at the same time.
func TestSeveralProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			db, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			for j := range 10 {
				r := store.Record{Key: fmt.Sprint(i, "-", j), Body: json.RawMessage(`{}`)}
				if err := db.Insert(t.Context(), "thing", r); err != nil {
					t.Error(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	page, err := open(t, path).Find(t.Context(), "thing", store.Query{})
	if err != nil || len(page.Records) != 40 {
		t.Errorf("%d records, %v; want 40", len(page.Records), err)
	}
}

// What one sort of question costs must not grow with the number of records: two searches, no scan,
// and no sorting.
func TestPlans(t *testing.T) {
	db := open(t, Memory)
	for _, text := range []string{
		selectGet,
		selectFind + `ORDER BY t.sort, t.key LIMIT ?`,
		selectFind + andBelow + `ORDER BY t.sort, t.key LIMIT ?`,
		selectFind + `ORDER BY t.sort DESC, t.key DESC LIMIT ?`,
		selectFind + andBelow + `ORDER BY t.sort DESC, t.key DESC LIMIT ?`,
		selectCurrent, deleteTerms,
	} {
		all := plan(t, db, text, strings.Count(text, "?"))
		if strings.Contains(all, "TEMP B-TREE") || strings.Contains(all, "SCAN r") || strings.Contains(all, "SCAN t") {
			t.Errorf("%s\nis planned as\n%s", text, all)
		}
	}
}

// plan returns the steps that the database plans for a statement with n arguments.
func plan(t *testing.T, db *DB, text string, n int) string {
	t.Helper()
	rows, err := db.reader.Query(`EXPLAIN QUERY PLAN `+text, make([]any, n)...)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

// A question about many terms reads of each no more than a page along the same index; what is
// sorted is the entries it read, and no record is read that is not on the page.
func TestPlanOfAny(t *testing.T) {
	db := open(t, Memory)
	for _, desc := range []bool{false, true} {
		for _, below := range []bool{false, true} {
			all := plan(t, db, selectAny(below, desc), 5+2*index(below))
			for _, step := range []string{
				"SEARCH t USING PRIMARY KEY (kind=? AND term=? AND sort=? AND key=?)",
				"SEARCH o USING PRIMARY KEY (kind=? AND term=? AND (sort,key)>(?,?)",
				"SCAN f\nSEARCH r USING INTEGER PRIMARY KEY (rowid=?)",
			} {
				if !strings.Contains(all, step) {
					t.Errorf("below %t, descending %t: no %q in\n%s", below, desc, step, all)
				}
			}
		}
	}
}

// Personal data must be erasable: after a delete its bytes are not in the file any more.
func TestDeleteErases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	const secret = "Nguyễn Thị Bí Mật"
	for i, size := range []int{1, 1000, 100_000} {
		body, err := json.Marshal(map[string]string{"name": strings.Repeat(secret, size)})
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint(secret, i)
		insert(t, db, "neighbour"+key)
		if err := db.Insert(t.Context(), "thing", store.Record{Key: key, Terms: []string{secret}, Body: body}); err != nil {
			t.Fatal(err)
		}
		if err := db.Delete(t.Context(), "thing", key, 1); err != nil {
			t.Fatal(err)
		}
		if err := db.Delete(t.Context(), "thing", "neighbour"+key, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), secret) {
		t.Error("what was deleted is still in the file")
	}
}

// A wrong path in the settings, and a step back to an older program, must not damage anything.
func TestRefusesOtherFiles(t *testing.T) {
	for name, setup := range map[string]string{
		"of another program": `CREATE TABLE x (y); PRAGMA application_id = 0`,
		"newer version":      fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(schema)+1),
		"another program":    `PRAGMA application_id = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "db")
			raw, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := raw.Exec(setup); err != nil {
				t.Fatal(err)
			}
			if err := raw.Close(); err != nil {
				t.Fatal(err)
			}
			if db, err := Open(t.Context(), path); err == nil {
				_ = db.Close()
				t.Error("opened")
			} else if !strings.Contains(err.Error(), strings.TrimPrefix(name, "of ")) {
				t.Errorf("error %q does not say %q", err, name)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil {
		t.Error("opened a text file")
	}
	if _, err := Open(t.Context(), ""); err == nil {
		t.Error("opened no file")
	}
}

// A write that fails in the database must fail alone, whoever shares its transaction.
func TestOneFailureInABatch(t *testing.T) {
	db := open(t, Memory)
	if _, err := db.writer.Exec(`CREATE TRIGGER refuse BEFORE INSERT ON record WHEN new.key = 'bad' BEGIN SELECT raise(ROLLBACK, 'no'); END`); err != nil {
		t.Fatal(err)
	}
	make := func(key string) *write {
		return &write{ctx: t.Context(), do: func(tx *sql.Tx) (outcome, err error) {
			_, err = tx.Stmt(db.insertRecord).Exec("thing", key, "", "[]", "{}")
			return nil, err
		}}
	}
	batch := []*write{make("a"), make("bad"), make("b")}
	db.commitAll(batch)
	for i, want := range []bool{false, true, false} {
		if err := batch[i].err; (err != nil) != want {
			t.Errorf("write %d: %v", i, err)
		}
	}
	got, err := db.Get(t.Context(), "thing", "a", "bad", "b")
	if err != nil || len(got) != 2 {
		t.Errorf("%v, %v; want a and b", got, err)
	}
}

// What was acknowledged survives a killed process, with nobody having closed anything.
func TestSurvivesKill(t *testing.T) {
	const variable = "TRUYNGUON_TEST_SQLITE_CHILD"
	if path := os.Getenv(variable); path != "" {
		writeForEver(path)
	}
	path := filepath.Join(t.TempDir(), "db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestSurvivesKill$")
	cmd.Env = append(os.Environ(), variable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if acknowledged = append(acknowledged, lines.Text()); len(acknowledged) == 200 {
			if err := cmd.Process.Kill(); err != nil { // what it said before it died still comes
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	if len(acknowledged) < 200 {
		t.Fatalf("the child wrote only %d", len(acknowledged))
	}
	db := open(t, path)
	got, err := db.Get(t.Context(), "thing", acknowledged...)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range got {
		keys = append(keys, r.Key)
	}
	if !slices.Equal(keys, acknowledged) {
		t.Errorf("%d were acknowledged, %d are there", len(acknowledged), len(keys))
	}
	for r, err := range (store.Table[struct{}]{Kind: "thing"}).All(t.Context(), db, store.Query{Term: "x"}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == r.Key })
	}
	if len(keys) > 0 {
		t.Errorf("%d are not found by their term", len(keys))
	}
}

// writeForEver inserts records, several at a time, and prints the key of each that it was told is kept.
func writeForEver(path string) {
	db, err := Open(context.Background(), path)
	if err != nil {
		panic(err)
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				r := store.Record{Key: fmt.Sprint(g, "-", i), Terms: []string{"x"}, Body: json.RawMessage(`{}`)}
				if err := db.Insert(context.Background(), "thing", r); err != nil {
					panic(err)
				}
				out.Lock()
				fmt.Println(r.Key)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}
