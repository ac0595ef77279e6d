package main

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"truynguon/internal/testservers"
	"truynguon/internal/trace"
)

// TestRecallCaseSpreads confirms a recall of more lots than one request marks, through one server, while
// visitors keep the lots' pages ready on another: every page says so within five seconds, and the sweeper
// marks the lots.
func TestRecallCaseSpreads(t *testing.T) {
	const lots = 130 // more than the hundred that are marked before the answer
	run := func(t *testing.T, lots int, settings []string) {
		p := opened(t, settings)
		v := settle(t, p, 1)
		path, err := exec.LookPath("truynguon") // this test binary
		check(t, err)
		server := serving(t, path, t.TempDir(), settings) // the other one, with its sweeper
		c := newCaller(server.base, v.keys[0])
		var codes []string
		for i := range lots {
			code := str(c.must(t, http.StatusCreated, http.MethodPost, "/batches", v.lot("C-"+string(rune('A'+i%26))+strings.Repeat("X", i/26))), "code")
			c.must(t, http.StatusOK, http.MethodPost, "/batches/"+code+"/release", nil)
			codes = append(codes, code)
		}
		l, ctx := opened(t, settings).ledger, t.Context()
		first, second := trace.Actor{ID: "u-1", Name: "Một", Role: trace.Admin}, trace.Actor{ID: "u-2", Name: "Hai", Role: trace.Admin}
		d := trace.RecallCaseDraft{Kind: "voluntary", Trigger: "complaint", Reason: "Có mùi lạ", Advice: "Mang trả nơi mua."}
		for _, code := range codes[:min(50, lots)] {
			d.Seeds = append(d.Seeds, trace.RecallSeed{Kind: trace.SeedLot, ID: code})
		}
		k, err := l.OpenRecallCase(ctx, first, d)
		check(t, err)
		for some := range slices.Chunk(codes[min(50, lots):], 50) {
			_, err = l.EditRecallScope(ctx, first, k.Doc.ID, trace.ScopeEdit{Add: some, Reason: "cùng kho"})
			check(t, err)
		}
		k, err = l.SubmitRecallCase(ctx, first, k.Doc.ID, trace.Submission{})
		check(t, err)
		looked := []string{codes[0], codes[lots-1]}
		visitor := newVisitor(server.base)
		for _, code := range looked {
			if says, err := saysRecalled(visitor, 0, code, 0); says || err != nil {
				t.Fatalf("before it is confirmed a page says that the lot is recalled: %t, %v", says, err)
			}
		}
		_, err = l.ConfirmRecallCase(ctx, second, k.Doc.ID, trace.Review{Version: k.Doc.Scope.Version})
		check(t, err)
		told := time.Now()
		for _, code := range looked {
			err := poll(func() (bool, error) { return saysRecalled(visitor, 0, code, 0) })
			if took := time.Since(told); err != nil || took > recallSpreads {
				t.Errorf("the recall shows on the other server after %v, want at most %v; %v", took, recallSpreads, err)
			}
		}
		err = poll(func() (bool, error) {
			b, err := l.Batch(ctx, first, codes[lots-1])
			return b.Doc.State == trace.Recalled, err
		})
		if err != nil {
			t.Errorf("the last lot is not marked: %v", err)
		}
		server.stopped(t)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, lots, slices.Concat(anywhere(), onSQLite(t), inFolder(t))) })
	t.Run("mongodb", func(t *testing.T) {
		settings := slices.Concat(anywhere(), onMongo(t), inFolder(t))
		n := lots
		if testservers.OwnMongo() { // which is right and slow
			n = 4
		}
		run(t, n, settings)
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
