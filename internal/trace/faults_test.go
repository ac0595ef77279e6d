package trace_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/store/storetest"
	"truynguon/internal/trace"
)

// TestFaults stops every verb at every write, once with the write lost and once with it kept, and lets
// the caller try again, as a browser or program does. What is recorded in the end must be what an
// undisturbed run records.
func TestFaults(t *testing.T) {
	for _, v := range []struct {
		name string
		// prepare answers what do needs; do is the verb, which is repeated.
		prepare func(t *testing.T, w *world) string
		do      func(ctx context.Context, w *world, with string) error
	}{
		{"register a product with a GTIN", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RegisterProduct(ctx, w.staff, trace.ProductDraft{Token: "t", Name: "Cà phê hạt", UOM: "KGM", GTIN: "9524001000032"})
			return err
		}},
		{"add a document", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.AddDocument(ctx, w.neighbour, "", "a.jpg", trace.Public, bytes.NewReader(picture(t)))
			return err
		}},
		{"register a lot", nil, func(ctx context.Context, w *world, _ string) error {
			d := w.lot("L-1")
			d.Token = "t"
			_, err := w.RegisterBatch(ctx, w.staff, d)
			return err
		}},
		{"correct a lot", lotOf(false), func(ctx context.Context, w *world, code string) error {
			d := w.lot("L-1")
			d.Quantity.Value = "7"
			_, err := w.CorrectBatch(ctx, w.staff, code, 0, d)
			return err
		}},
		{"release a lot", lotOf(false), func(ctx context.Context, w *world, code string) error {
			_, err := w.ReleaseBatch(ctx, w.staff, code, "")
			return err
		}},
		{"hold a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.HoldBatch(ctx, w.official, code, "vì")
			return err
		}},
		{"void a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.VoidBatch(ctx, w.manager, code, "vì")
			return err
		}},
		{"record an event", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.RecordEvent(ctx, w.staff, trace.EventDraft{Batch: code, Step: "packing", Date: "2026-11-10", Time: "08:30", Place: w.packhouse})
			return err
		}},
		{"recall a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.OpenRecall(ctx, w.manager, trace.RecallDraft{Token: "t", Kind: "voluntary", Reason: "vì", Batches: []string{code}})
			return err
		}},
		{"file a certificate", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.FileCertificate(ctx, w.staff, trace.CertificateDraft{Token: "t", Scheme: "attp", Number: "1", Agency: "S", StartDate: "2026-01-01"})
			return err
		}},
		{"report a doubt", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.ReportDoubt(ctx, trace.Actor{}, trace.DoubtDraft{Token: "t", Code: code, Text: "lạ"})
			return err
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			run := func(f storetest.Fault) (dump string, struck bool) {
				db, err := sqlite.Open(t.Context(), ":memory:")
				must0(t, err)
				defer func() { _ = db.Close() }()
				w := settle(t, db)
				with := ""
				if v.prepare != nil {
					with = v.prepare(t, w)
				}
				faulty := storetest.Faulty(db, f)
				w.DB = faulty
				first := v.do(t.Context(), w, with)
				if struck = faulty.Struck(); !struck && first != nil {
					t.Fatalf("without a fault: %v", first)
				}
				w.DB = db
				if err := v.do(t.Context(), w, with); err != nil {
					t.Fatalf("fault %+v: the second attempt: %v", f, err)
				}
				return dumped(t, db), struck
			}
			want, _ := run(storetest.Fault{})
			for _, kept := range []bool{false, true} {
				n := 1
				for ; ; n++ {
					got, struck := run(storetest.Fault{Write: n, Kept: kept})
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("write %d failed (kept: %v) and all was tried again (-undisturbed +got):\n%s", n, kept, diff)
					}
					if !struck {
						break
					}
				}
				if n < 2 {
					t.Errorf("only %d writes were stopped: the test does not reach the verb", n-1)
				}
			}
		})
	}
}

func lotOf(released bool) func(t *testing.T, w *world) string {
	return func(t *testing.T, w *world) string { return w.registered(t, "L-1", released).Doc.Code }
}

var (
	randomCode = regexp.MustCompile(`\b[346789ACDEFHJKMNPQRTVWX]{12}\b|\b[346789acdefhjkmnpqrtvwx]{12}\b`)
	hashes     = regexp.MustCompile(`[0-9a-f]{64}`)
)

// dumped writes every record there is, with codes and hashes, which differ from run to run, numbered in
// the order in which they appear.
func dumped(t *testing.T, db store.DB) string {
	t.Helper()
	var b strings.Builder
	for _, kind := range []string{"organisation", "place", "product", "gtin_claim", "document", "lot_claim", "batch", "certificate", "recall", "doubt", "audit", "event"} {
		page, err := db.Find(t.Context(), kind, store.Query{Limit: 1000})
		must0(t, err)
		var lines []string
		for _, r := range page.Records {
			lines = append(lines, fmt.Sprintf("%s rev %d %s\n", kind, r.Rev, r.Body))
		}
		text := strings.Join(lines, "")
		b.WriteString(hashes.ReplaceAllString(randomCode.ReplaceAllString(text, "CODE"), "HASH"))
	}
	// Records of equal times come in the order of their random keys.
	all := strings.Split(b.String(), "\n")
	seen := map[string]int{}
	for _, l := range all {
		seen[l]++
	}
	var out []string
	for l, n := range seen {
		out = append(out, fmt.Sprintf("%d× %s", n, l))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
