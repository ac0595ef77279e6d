package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/store"
	"truynguon/internal/trace"
)

// job is a lot that a client wants on the market: first registered, then released. Each request carries
// a key of its own and is repeated under it until it is acknowledged.
type job struct {
	number   string
	client   int
	code     string // once the registration is acknowledged
	register answer
	release  answer
}

// clients register and release lots, all at once, against a program that may die at any moment.
type clients struct {
	village *village

	mu       sync.Mutex
	base     string        // where the program is reached now
	moved    chan struct{} // closed when base changes
	acked    int           // how many requests were acknowledged
	progress chan struct{} // closed and replaced when acked goes up
	closing  bool          // no new lots are begun
	done     []*job        // lots of which everything was acknowledged
	repeated int           // how many requests had to be sent again
	err      error         // the first answer that must not be
}

func newClients(v *village) *clients {
	return &clients{village: v, moved: make(chan struct{}), progress: make(chan struct{})}
}

// move tells the clients where the program is reached now.
func (cs *clients) move(base string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.base = base
	close(cs.moved)
	cs.moved = make(chan struct{})
}

// run is one client: lot after lot until told to end.
func (cs *clients) run(client int) {
	for n := 0; ; n++ {
		cs.mu.Lock()
		over := cs.closing || cs.err != nil
		cs.mu.Unlock()
		if over {
			return
		}
		j := &job{number: fmt.Sprintf("L-%d-%d", client, n), client: client}
		var ok bool
		if j.register, ok = cs.insist(client, "/batches", cs.village.lot(j.number), "register-"+j.number, http.StatusCreated); !ok {
			return
		}
		j.code = codeIn(j.register)
		if j.release, ok = cs.insist(client, "/batches/"+j.code+"/release", nil, "release-"+j.number, http.StatusOK); !ok {
			return
		}
		cs.mu.Lock()
		cs.done = append(cs.done, j)
		cs.mu.Unlock()
	}
}

var batchCode = regexp.MustCompile(`"code":"([^"]+)"`)

// codeIn is the lot's code in an answer.
func codeIn(a answer) string {
	m := batchCode.FindStringSubmatch(a.body)
	if m == nil {
		return ""
	}
	return m[1]
}

// insist sends a request again and again until it is acknowledged: nothing else tells a client that it
// may stop. ok is false if it was answered as it must never be.
func (cs *clients) insist(client int, path string, body any, once string, want int) (a answer, ok bool) {
	for try := 0; ; try++ {
		cs.mu.Lock()
		base, moved := cs.base, cs.moved
		cs.mu.Unlock()
		c := newCaller(base, cs.village.keys[client])
		a, err := c.call(http.MethodPost, path, body, once)
		if err == nil && a.status == want {
			cs.mu.Lock()
			cs.acked++
			if try > 0 {
				cs.repeated++
			}
			close(cs.progress)
			cs.progress = make(chan struct{})
			cs.mu.Unlock()
			return a, true
		}
		if err == nil { // a program that is alive has to do what is asked
			cs.mu.Lock()
			if cs.err == nil {
				cs.err = fmt.Errorf("%s (%s), try %d: answered %d %s", path, once, try, a.status, a.body)
			}
			close(cs.progress)
			cs.progress = make(chan struct{})
			cs.mu.Unlock()
			return a, false
		}
		<-moved // it died; whoever killed it starts it again
	}
}

// await waits until so many more requests were acknowledged.
func (cs *clients) await(more int) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	cs.mu.Lock()
	goal := cs.acked + more
	for {
		acked, progress, err := cs.acked, cs.progress, cs.err
		cs.mu.Unlock()
		if acked >= goal || err != nil {
			return err
		}
		select {
		case <-progress:
		case <-deadline.C:
			return errors.New("the clients make no progress")
		}
		cs.mu.Lock()
	}
}

// TestKill kills the program as a power cut does, at random moments, while clients register and release
// lots. Whatever was acknowledged is there afterwards, whole, once, with its events and its entries in
// the audit trail; and a request that is repeated is answered as before.
func TestKill(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 2
	}
	t.Run("sqlite", func(t *testing.T) { testKill(t, kills, slices.Concat(anywhere(), onSQLite(t), inFolder(t))) })
	t.Run("mongodb", func(t *testing.T) { testKill(t, kills, slices.Concat(anywhere(), onMongo(t), inFolder(t))) })
}

func testKill(t *testing.T, kills int, settings []string) {
	const many = 4
	db := opened(t, settings)
	v := settle(t, db, many)
	cs := newClients(v)
	folder := t.TempDir()
	p := serving(t, theProgram(t), folder, settings)
	cs.move(p.base)
	var wg sync.WaitGroup
	for client := range many {
		wg.Go(func() { cs.run(client) })
	}
	for range kills {
		if err := cs.await(1 + rand.IntN(25)); err != nil {
			t.Fatal(err)
		}
		// Any moment within a request or two is as good as another.
		<-time.After(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
		p.kill()
		p = serving(t, theProgram(t), folder, settings)
		cs.move(p.base)
	}
	cs.mu.Lock()
	cs.closing = true
	cs.mu.Unlock()
	wg.Wait()
	if cs.err != nil {
		t.Fatal(cs.err)
	}
	t.Logf("%d kills, %d lots, %d of %d requests had to be repeated", kills, len(cs.done), cs.repeated, cs.acked)

	// A request that is repeated is answered as before, by the next program too, and makes nothing new.
	p.stopped(t)
	p = serving(t, theProgram(t), folder, settings)
	for _, j := range cs.done {
		c := newCaller(p.base, v.keys[j.client])
		for _, again := range []struct {
			path, once string
			body       any
			before     answer
		}{
			{"/batches", "register-" + j.number, v.lot(j.number), j.register},
			{"/batches/" + j.code + "/release", "release-" + j.number, nil, j.release},
		} {
			a, err := c.call(http.MethodPost, again.path, again.body, again.once)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{again.before.status, again.before.body}, []any{a.status, a.body}); diff != "" {
				t.Errorf("lot %s: %s is answered otherwise when it is repeated:\n%s", j.number, again.path, diff)
			}
		}
	}
	checkLots(t, db, v, cs.done)
	p.stopped(t)
}

// checkLots compares what is recorded with what was acknowledged.
func checkLots(t *testing.T, db *program, v *village, acknowledged []*job) {
	t.Helper()
	ctx := t.Context()
	recorded := map[string][]trace.Batch{} // by lot number
	for after := ""; ; {
		page, next, err := db.ledger.Batches(ctx, trace.System, trace.BatchFilter{Organisation: coopID}, after, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page {
			recorded[b.Doc.Lot] = append(recorded[b.Doc.Lot], b.Doc)
		}
		if after = next; next == "" {
			break
		}
	}
	trail := map[string][]string{} // actions, by the record's kind and key
	for after := ""; ; {
		page, next, err := db.ledger.Trail(ctx, trace.System, coopID, after, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			trail[c.Kind+" "+c.Key] = append(trail[c.Kind+" "+c.Key], c.Action)
		}
		if after = next; next == "" {
			break
		}
	}
	// The ledger would derive an event that is missing; here it has to be recorded.
	steps := map[string][]string{} // by the lot's code
	for after := ""; ; {
		page, err := db.ledger.DB.Find(ctx, "event", store.Query{Limit: 1000, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			var kept struct{ Doc trace.Event }
			if err := json.Unmarshal(r.Body, &kept); err != nil {
				t.Fatal(err)
			}
			steps[kept.Doc.Batch] = append(steps[kept.Doc.Batch], kept.Doc.Step)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(recorded) != len(acknowledged) {
		t.Errorf("%d lots are recorded, %d were acknowledged", len(recorded), len(acknowledged))
	}
	for _, j := range acknowledged {
		lots := recorded[j.number]
		if len(lots) != 1 {
			t.Errorf("lot %s is recorded %d times", j.number, len(lots))
			continue
		}
		b := lots[0]
		type whole struct {
			Code, Product, Quantity, UOM string
			Harvest                      trace.Date
			Places                       []string
			State                        trace.State
			States                       []trace.State
			Steps, Trail                 []string
		}
		got := whole{
			Code: b.Code, Product: b.Product, Quantity: b.Quantity.Value.String(), UOM: b.Quantity.UOM, Harvest: b.HarvestDate,
			Places: b.Places, State: b.State, Trail: trail["batch "+b.Code],
		}
		for _, s := range b.Steps {
			got.States = append(got.States, s.State)
		}
		got.Steps = steps[b.Code]
		slices.Sort(got.Steps)
		slices.Sort(got.Trail)
		want := whole{
			Code: j.code, Product: v.product, Quantity: "120.5", UOM: "KGM", Harvest: "2026-11-01", Places: []string{v.plot},
			State: trace.Released, States: []trace.State{trace.Draft, trace.Released},
			Steps: []string{"harvesting", "releasing"}, Trail: []string{"register", "released"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lot %s (-acknowledged +recorded):\n%s", j.number, diff)
		}
	}
}
