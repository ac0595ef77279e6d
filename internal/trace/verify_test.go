package trace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
)

// dot is a PNG of its own for each n.
func dot(t testing.TB, n int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 8+n, 8))
	var b bytes.Buffer
	must0(t, png.Encode(&b, m))
	return b.Bytes()
}

// filed files a certificate of htx-a and submits it; a method has it verified.
func (w *world) filed(t testing.TB, d trace.CertificateDraft, method trace.Method) trace.Stored[trace.Certificate] {
	t.Helper()
	c := must(w.FileCertificate(t.Context(), w.staff, d))
	c = must(w.DecideCertificate(t.Context(), w.staff, c.Doc.ID, "submit", trace.DecisionDraft{}))
	if method != "" {
		c = must(w.DecideCertificate(t.Context(), w.official, c.Doc.ID, "verify", trace.DecisionDraft{Method: string(method)}))
	}
	return c
}

// numbered is the draft of a food-safety certificate.
func numbered(number string) trace.CertificateDraft {
	return trace.CertificateDraft{Scheme: "attp", Number: number, Agency: "Sở mẫu", StartDate: "2026-01-01", EndDate: "2028-12-31"}
}

// summary tells an answer in a line.
func summary(a trace.Answer) string {
	parts := []string{string(a.Kind)}
	for _, c := range a.Certificates {
		text := c.Certificate.Number + " " + string(c.Standing)
		if c.Match != "" {
			text += " " + string(c.Match)
		}
		if c.Exact {
			text += " exact"
		}
		parts = append(parts, text)
	}
	if a.Lot != nil {
		parts = append(parts, "lot "+string(a.Lot.Verdict))
	}
	if a.Product != nil {
		parts = append(parts, a.Product.Name)
	}
	return strings.Join(parts, "; ")
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	scan := must(w.AddDocument(ctx, w.staff, "", "gcn.png", trace.Private, bytes.NewReader(dot(t, 1)))).Doc
	newer := must(w.AddDocument(ctx, w.staff, "", "gcn2.png", trace.Private, bytes.NewReader(dot(t, 2)))).Doc
	d := numbered("12/2026/NNPTNT-ĐL")
	d.Documents = []string{scan.ID}
	c := w.filed(t, d, trace.OriginalSeen)
	waiting := w.filed(t, numbered("13/2026/MAU"), "")
	must(w.FileCertificate(ctx, w.staff, numbered("14/2026/MAU"))) // a draft
	gone := w.filed(t, numbered("15/2026/MAU"), trace.OriginalSeen)
	must(w.DecideCertificate(ctx, w.official, gone.Doc.ID, "revoke", trace.DecisionDraft{Reason: "vì", Number: "9/QĐ"}))
	// Another issuer uses the same number for another holder.
	other := numbered("12/2026/NNPTNT-DL")
	other.Agency = "Tổ chức khác"
	k := must(w.FileCertificate(ctx, w.neighbour, other))
	must(w.DecideCertificate(ctx, w.neighbour, k.Doc.ID, "submit", trace.DecisionDraft{}))
	rejected := w.filed(t, numbered("16/2026/MAU"), "")
	must(w.DecideCertificate(ctx, w.official, rejected.Doc.ID, "reject", trace.DecisionDraft{Reason: "giả"}))

	released, draft := w.registered(t, "L-1", true).Doc, w.registered(t, "L-2", false).Doc
	for _, c := range []struct{ query, want string }{
		{"12/2026/NNPTNT-ĐL", "certificate; 12/2026/NNPTNT-ĐL in_force exact; 12/2026/NNPTNT-DL not_verified"},
		{" 12 / 2026 / nnptnt – dl ", "certificate; 12/2026/NNPTNT-ĐL in_force; 12/2026/NNPTNT-DL not_verified"},
		{"13/2026/mau", "certificate; 13/2026/MAU not_verified"},
		{"14/2026/MAU", "unknown"},
		{"15/2026/MAU", "certificate; 15/2026/MAU revoked exact"},
		{"16/2026/MAU", "unknown"},
		{"https://id.example.vn/c/" + c.Doc.ID, "certificate; 12/2026/NNPTNT-ĐL in_force"},
		{"https://id.example.vn/c/none-such", "unknown"},
		{scan.SHA256, "document; 12/2026/NNPTNT-ĐL in_force registered"},
		{"SHA256: " + strings.ToUpper(scan.OriginalSHA256), "document; 12/2026/NNPTNT-ĐL in_force registered"},
		{newer.SHA256, "unknown"},
		{strings.Repeat("0", 64), "unknown"},
		{strings.Repeat("g", 64), "unknown"},
		{released.Code, "lot; lot in_order"},
		{strings.ToLower(trace.SpellCode(released.Code)), "lot; lot in_order"},
		{w.CodeURL(&released), "lot; lot in_order"},
		{"(01)09524001000025(10)L-1", "lot; lot in_order"},
		{"https://id.example.vn/01/09524001000025/10/L-9", "unknown"},
		{"https://id.example.vn/01/09524001000025/10/l-1", "unknown"},
		{"https://id.example.vn/01/09520123456788/10/L-1", "unknown"},
		{draft.Code, "lot; lot not_released"},
		{"9524001000025", "product; Cà phê bột"},
		{trace.NewCode(), "unknown"},
		{"", "empty"},
		{"   ", "empty"},
		{"<script>\u202e\x00", "unknown"},
		{strings.Repeat("x", 100_000), "unknown"},
	} {
		answers := must(w.Verify(ctx, []string{c.query}))
		if got := summary(answers[0]); got != c.want {
			t.Errorf("%.60q:\n got %s\nwant %s", c.query, got, c.want)
		}
		for _, a := range answers[0].Certificates {
			speaks(t, a.Checks)
		}
	}

	t.Run("another version", func(t *testing.T) {
		must(w.ReplaceDocuments(ctx, w.staff, c.Doc.ID, 0, []string{newer.ID}))
		for sum, want := range map[string]string{
			scan.SHA256:  "document; 12/2026/NNPTNT-ĐL in_force older",
			newer.SHA256: "document; 12/2026/NNPTNT-ĐL in_force unverified",
		} {
			if got := summary(must(w.Verify(ctx, []string{sum}))[0]); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		if p := must(w.Provenance(ctx, released.Code)); p.Verdict != trace.Incomplete {
			t.Errorf("with a document nobody has verified the lot is %s", p.Verdict)
		}
		must(w.DecideCertificate(ctx, w.official, c.Doc.ID, "verify", trace.DecisionDraft{Method: "original_seen"}))
		if got := summary(must(w.Verify(ctx, []string{newer.SHA256}))[0]); got != "document; 12/2026/NNPTNT-ĐL in_force registered" {
			t.Errorf("after it was verified: %s", got)
		}
		if p := must(w.Provenance(ctx, released.Code)); p.Verdict != trace.InOrder {
			t.Errorf("after it was verified the lot is %s", p.Verdict)
		}
		next := numbered("12b/2026/NNPTNT-ĐL")
		successor := w.filed(t, next, trace.OriginalSeen)
		must(w.DecideCertificate(ctx, w.official, c.Doc.ID, "supersede", trace.DecisionDraft{Reason: "cấp lại", Successor: successor.Doc.ID}))
		if got := summary(must(w.Verify(ctx, []string{newer.SHA256}))[0]); got != "document; 12/2026/NNPTNT-ĐL superseded older" {
			t.Errorf("after it was superseded: %s", got)
		}
		v := must(w.CertificateView(ctx, trace.Actor{}, c.Doc.ID))
		if v.Successor == nil || v.Successor.Number != next.Number {
			t.Errorf("the successor is %+v", v.Successor)
		}
	})

	t.Run("nothing personal", func(t *testing.T) {
		all := must(json.Marshal(must(w.Verify(ctx, []string{"12/2026/NNPTNT-ĐL", "15/2026/MAU", released.Code, draft.Code}))))
		for _, private := range []string{"Nhân viên", "u-staff", "Cán bộ xã", "u-official", "Nguyễn Văn Kín"} {
			if strings.Contains(string(all), private) {
				t.Errorf("an answer tells %q: %s", private, all)
			}
		}
	})

	t.Run("a number corrected after a rejection", func(t *testing.T) {
		c := must(w.CorrectCertificate(ctx, w.staff, rejected.Doc.ID, 0, numbered("17/2026/MAU")))
		must(w.DecideCertificate(ctx, w.staff, c.Doc.ID, "submit", trace.DecisionDraft{}))
		answers := must(w.Verify(ctx, []string{"16/2026/MAU", "17/2026/MAU"}))
		if answers[0].Found() || !answers[1].Found() {
			t.Errorf("the old number answers %s, the new one %s", summary(answers[0]), summary(answers[1]))
		}
		if _, err := w.CorrectCertificate(ctx, w.staff, c.Doc.ID, 0, numbered("18/2026/MAU")); !errors.Is(err, fault.Exists) {
			t.Errorf("a submitted certificate was corrected: %v", err)
		}
	})
	_ = waiting
}

func TestVerifyRefusesTooMany(t *testing.T) {
	w := newWorld(t)
	_, err := w.Verify(t.Context(), make([]string, trace.MaxQueries+1))
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
	if answers, err := w.Verify(t.Context(), nil); err != nil || len(answers) != 0 {
		t.Errorf("no queries: %v, %v", answers, err)
	}
}

// A lot's answer is what its page says, whatever happened to it.
func TestVerifyAgreesWithThePage(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	attp := w.certified(t, "attp", "2026-01-01", "2026-12-31", trace.SubjectDraft{Product: w.coffee, Place: w.packhouse})
	w.certified(t, "vietgap", "2026-01-01", "2026-12-31", trace.SubjectDraft{Product: w.coffee, Place: w.plot, Yield: trace.QuantityDraft{Value: "300", UOM: "KGM"}})
	codes := []string{
		w.registered(t, "A", true).Doc.Code, w.registered(t, "B", false).Doc.Code, w.registered(t, "C", true).Doc.Code,
		w.registered(t, "D", true).Doc.Code, w.registered(t, "E", true).Doc.Code,
	}
	honey := w.lot("H")
	honey.Product = w.honey
	codes = append(codes, must(w.ReleaseBatch(ctx, w.staff, must(w.RegisterBatch(ctx, w.staff, honey)).Doc.Code, "")).Doc.Code)
	must(w.OpenRecall(ctx, w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "mốc", Batches: codes[2:3]}))
	must(w.HoldBatch(ctx, w.official, codes[3], "chờ"))
	must(w.VoidBatch(ctx, w.manager, codes[4], "không bán"))
	compare := func(when string) {
		answers := must(w.Verify(ctx, codes))
		for i, code := range codes {
			p := must(w.Provenance(ctx, code))
			a := answers[i].Lot
			if a.Verdict != p.Verdict {
				t.Errorf("%s, lot %d: %s, the page says %s", when, i, a.Verdict, p.Verdict)
			}
			if p.Verdict == trace.NotReleased {
				continue
			}
			if diff := cmp.Diff(p.Missing, a.Missing); diff != "" {
				t.Errorf("%s, lot %d (-page +answer):\n%s", when, i, diff)
			}
			lines := func(on []trace.CertificateOn) (out []string) {
				for _, c := range on {
					out = append(out, fmt.Sprint(c.Certificate.ID, c.Checks))
				}
				slices.Sort(out)
				return out
			}
			if diff := cmp.Diff(lines(p.Certificates), lines(a.Certificates)); diff != "" {
				t.Errorf("%s, lot %d (-page +answer):\n%s", when, i, diff)
			}
		}
	}
	compare("at first")
	must(w.DecideCertificate(ctx, w.official, attp.Doc.ID, "suspend", trace.DecisionDraft{Reason: "vi phạm"}))
	compare("suspended")
	w.now = w.now.AddDate(0, 2, 0)
	compare("expired")
}

// counting counts the questions to the database.
type counting struct {
	store.DB
	n atomic.Int64
}

func (c *counting) Get(ctx context.Context, kind string, keys ...string) ([]store.Record, error) {
	c.n.Add(1)
	return c.DB.Get(ctx, kind, keys...)
}

func (c *counting) Find(ctx context.Context, kind string, q store.Query) (store.Page, error) {
	c.n.Add(1)
	return c.DB.Find(ctx, kind, q)
}

// A thousand queries cost as many questions as a handful.
func TestVerifyAsksLittle(t *testing.T) {
	w := newWorld(t)
	var few, many []string
	w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.coffee})
	w.certified(t, "vietgap", "2026-01-01", "2026-12-31", trace.SubjectDraft{Product: w.coffee, Yield: trace.QuantityDraft{Value: "1", UOM: "TNE"}})
	for i := range 40 {
		w.filed(t, numbered(fmt.Sprintf("%d/2026/MAU", i)), trace.OriginalSeen)
		b := w.registered(t, fmt.Sprintf("L-%d", i), true).Doc
		many = append(many, fmt.Sprintf("%d/2026/mau", i), b.Code, w.DigitalLink(&b), fmt.Sprintf("%064d", i))
	}
	few = many[:4]
	for len(many) < trace.MaxQueries {
		many = append(many, fmt.Sprintf("forged/%d", len(many)))
	}
	db := &counting{DB: w.DB}
	w.DB = db
	ask := func(queries []string) int64 {
		db.n.Store(0)
		must(w.Verify(t.Context(), queries))
		return db.n.Load()
	}
	small, big := ask(few), ask(many)
	if small != big || big > 15 {
		t.Errorf("%d questions for %d queries, %d for %d", small, len(few), big, len(many))
	}
}

func TestUnmatched(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := trace.NewCode()
	ask := []string{"99/2026/FAKE", "99 / 2026 / fake", "98/2026/FAKE", "Nguyễn Văn Kín", "0912 345 678", "kin@example.vn", "001099012345", code, "", "4049929999992", strings.Repeat("7", 200)}
	for range 2 {
		for _, q := range ask { // each by itself, as people ask
			must(w.Verify(ctx, []string{q}))
		}
	}
	must0(t, w.FlushUnmatched(ctx))
	must0(t, w.FlushUnmatched(ctx)) // nothing is counted twice
	must(w.Verify(ctx, ask[:1]))
	w.now = w.now.AddDate(0, 0, 1)
	must(w.Verify(ctx, ask[:1]))
	must0(t, w.FlushUnmatched(ctx))
	list := must(w.Unmatched(ctx, w.official, "2026-11-24", "2026-11-24", "", 50)).Sums
	got := map[string]int{}
	hidden := 0
	for _, u := range list {
		if strings.HasPrefix(u.Text, "#") {
			hidden++
			continue
		}
		got[u.Text] = u.Count
	}
	want := map[string]int{trace.FoldNumber("99/2026/FAKE"): 5, trace.FoldNumber("98/2026/FAKE"): 2, "/l/" + code: 2, "/01/04049929999992": 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if hidden != 5 {
		t.Errorf("%d texts are kept as fingerprints, want the name, telephone, e-mail, identity number and the overlong", hidden)
	}
	if list[0].Count < list[len(list)-1].Count {
		t.Errorf("not in order: %+v", list)
	}
	all := must(w.Unmatched(ctx, w.admin, "", "", "", 50)).Sums
	top := trace.UnmatchedSum{Text: trace.FoldNumber("99/2026/FAKE"), Count: 6, Days: 2, First: "2026-11-24", Last: "2026-11-25"}
	if diff := cmp.Diff(top, all[0]); diff != "" || len(all) != len(list) {
		t.Errorf("all days: %d, %s", len(all), diff)
	}

	// What cannot be written waits, and a full queue drops.
	broken, err := sqlite.Open(ctx, ":memory:")
	must0(t, err)
	_ = broken.Close()
	good := w.DB
	must(w.Verify(ctx, []string{"97/2026/FAKE"}))
	w.DB = broken
	if err := w.FlushUnmatched(ctx); !errors.Is(err, fault.Unavailable) {
		t.Errorf("flushed to a closed database: %v", err)
	}
	w.DB = good
	for i := range 30 {
		var queries []string
		for j := range 100 {
			queries = append(queries, fmt.Sprintf("%d-%d/flood", i, j))
		}
		must(w.Verify(ctx, queries))
	}
	must0(t, w.FlushUnmatched(ctx))
	n, after, seen := 0, "", false
	for {
		page := must(w.Unmatched(ctx, w.admin, "2026-11-25", "", after, 500))
		for _, u := range page.Sums {
			n++
			seen = seen || u.Text == trace.FoldNumber("97/2026/FAKE")
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if n > 1001 || n < 900 || !seen {
		t.Errorf("%d texts kept of a flood; the one before it: %v", n, seen)
	}
}

func TestSharedDocument(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	d := must(w.AddDocument(ctx, w.staff, "", "kn.png", trace.Private, bytes.NewReader(dot(t, 3)))).Doc
	report := w.filed(t, trace.CertificateDraft{
		Scheme: "test_report", Number: "KN-1", Agency: "Lab", StartDate: "2026-11-12", Documents: []string{d.ID},
		Subjects: []trace.SubjectDraft{{Batch: w.registered(t, "L-1", true).Doc.Code}},
		Test:     &trace.TestDraft{SampledAt: "2026-11-11", Accreditation: "VILAS 1", Analytes: []trace.Analyte{{Name: "Cd", Result: "0.01", Unit: "mg/kg", Limit: "0.05", Verdict: trace.Conforms}}},
	}, trace.OriginalSeen)
	told := func(by trace.Actor) bool {
		c := must(w.Certificate(ctx, by, report.Doc.ID))
		v := must(w.CertificateView(ctx, by, report.Doc.ID))
		if (c.Doc.Test == nil) != (v.Certificate.Test == nil) || v.Checks.Of(trace.CheckFindings).Result != trace.Passed {
			t.Errorf("%s: %+v, %+v", by.Role, c.Doc.Test, v)
		}
		return c.Doc.Test != nil
	}
	if told(w.nobody) || told(w.buyer) || !told(w.official) || !told(w.staff) {
		t.Error("a private report is told to the wrong people")
	}
	if a := must(w.Verify(ctx, []string{"KN-1"}))[0].Certificates[0]; a.Certificate.Test != nil {
		t.Error("Verify tells the figures of a private report")
	}
	shared := must(w.ShareDocument(ctx, w.staff, d.ID, trace.Shared)).Doc
	if shared.ShareKey == "" || told(w.nobody) || !told(w.buyer) {
		t.Errorf("shared: %+v", shared)
	}
	if _, err := w.Document(ctx, w.nobody, d.ID); err == nil {
		t.Error("a visitor opens a shared document without its key")
	}
	c := must(w.OpenSharedDocument(ctx, d.ID, shared.ShareKey, 0))
	_ = c.Close()
	if c.SHA256 != d.SHA256 {
		t.Errorf("opened %s", c.SHA256)
	}
	for _, key := range []string{"", "x", shared.ShareKey + "x"} {
		if _, err := w.SharedDocument(ctx, d.ID, key); !errors.Is(err, fault.NotFound) {
			t.Errorf("with key %q: %v", key, err)
		}
	}
	must(w.ShareDocument(ctx, w.staff, d.ID, trace.Private))
	if _, err := w.SharedDocument(ctx, d.ID, shared.ShareKey); !errors.Is(err, fault.NotFound) {
		t.Errorf("no longer shared: %v", err)
	}
	if again := must(w.ShareDocument(ctx, w.staff, d.ID, trace.Shared)).Doc; again.ShareKey == shared.ShareKey {
		t.Error("an old link opens it again")
	}
	must(w.ShareDocument(ctx, w.staff, d.ID, trace.Public))
	if !told(w.nobody) {
		t.Error("a public report is told to nobody")
	}
}

// An authentic report of a bad result keeps a lot from being in order.
func TestBadResultIsSaid(t *testing.T) {
	w := newWorld(t)
	w.certified(t, "attp", "2026-01-01", "2028-12-31")
	code := w.registered(t, "L", true).Doc.Code
	d := trace.CertificateDraft{
		Scheme: "test_report", Number: "KN-2", Agency: "Lab", StartDate: "2026-11-20", Subjects: []trace.SubjectDraft{{Batch: code}},
		Test: &trace.TestDraft{Analytes: []trace.Analyte{{Name: "SO2", Result: "40", Unit: "mg/kg", Limit: "20", Verdict: trace.Exceeds}}},
	}
	c := w.filed(t, d, "")
	if p := must(w.Provenance(t.Context(), code)); p.Verdict != trace.InOrder {
		t.Errorf("a report nobody has verified: %s", p.Verdict)
	}
	must(w.DecideCertificate(t.Context(), w.official, c.Doc.ID, "verify", trace.DecisionDraft{Method: "issuer_confirmed"}))
	p := must(w.Provenance(t.Context(), code))
	if diff := cmp.Diff([]string{"test_failed"}, p.Missing); diff != "" || p.Verdict != trace.Incomplete {
		t.Errorf("%s: %s", p.Verdict, diff)
	}
	_, err := w.FileCertificate(t.Context(), w.staff, trace.CertificateDraft{Scheme: "test_report", Number: "3", Agency: "L", StartDate: "2026-11-20", Test: &trace.TestDraft{
		SampledAt: "2026-11-25", Analytes: []trace.Analyte{{Verdict: "fine"}},
	}})
	if diff := cmp.Diff([]string{"/test/sampledAt date_in_future", "/test/analytes/0/analyte missing", "/test/analytes/0/result missing", "/test/analytes/0/verdict not_offered"}, faults(err)); diff != "" {
		t.Error(diff)
	}
}

// Nobody can crowd a genuine certificate out by filing its number over and over.
func TestNumberIsNotCrowdedOut(t *testing.T) {
	w := newWorld(t)
	genuine := w.filed(t, numbered("12/2026/MAU"), trace.OriginalSeen).Doc.ID
	var last error
	for range 501 {
		c := must(w.FileCertificate(t.Context(), w.neighbour, numbered("12/2026/mau")))
		if _, last = w.DecideCertificate(t.Context(), w.neighbour, c.Doc.ID, "submit", trace.DecisionDraft{}); last != nil {
			break
		}
	}
	if !errors.Is(last, fault.Exists) {
		t.Errorf("the flood ended with %v", last)
	}
	a := must(w.Verify(t.Context(), []string{"12/2026/MAU"}))[0]
	if len(a.Certificates) == 0 || a.Certificates[0].Certificate.ID != genuine {
		t.Errorf("the first answer is not the genuine one, of %d", len(a.Certificates))
	}
}

// Whatever strangers ask is answered.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	for _, seed := range []string{"12/2026/NNPTNT-ĐL", "https://id.example.vn/01/09524001000025/10/L-1", "/c/", "(01)09524001000025(10)", strings.Repeat("ab", 32), "\xff\x00%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, q string) {
		answers, err := w.Verify(t.Context(), []string{q, q})
		if err != nil || len(answers) != 2 || summary(answers[0]) != summary(answers[1]) {
			t.Errorf("%q: %v, %v", q, answers, err)
		}
		if len([]rune(answers[0].Query)) > 200 {
			t.Errorf("the answer repeats %d characters", len(answers[0].Query))
		}
	})
}
