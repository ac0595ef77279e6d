package web

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"net/url"
	"strconv"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// sampleRollCode stands on a label that is tried out. Its check character is wrong, so that it can be
// nobody's.
const sampleRollCode = "XXXXXXXXXXXXX"

// rollJob is labels of a roll to be written.
type rollJob struct {
	sheet  label.Sheet
	format string
	from   int
	to     int
	owner  string
	words  *locale.Printer
	code   func(number int) string
	make   func(w *locale.Printer, owner, code string, number int) label.Label
	url    func(code string) string
}

// rollPrint records that labels of a roll are printed, and hands them out. What can be wrong with them is
// found before anything is recorded or sent.
func (s *Server) rollPrint(c *request) error {
	kept, err := s.Ledger.PrintChoice(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	st, err := s.Ledger.Roll(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	owner, err := s.rollOwner(c, &st.Doc)
	if err != nil {
		return err
	}
	f := newForm(c, "rollprint")
	f.read(c, "stock", "from", "to", "start")
	again := func(err error) error {
		return s.failed(c, f, err, func() error { return s.showRoll(c, f, nil) })
	}
	var t typing
	stock, err := stockByID(f.Value("stock"))
	if err != nil {
		t.faults = append(t.faults, fault.Field{Pointer: "/stock", Code: "missing"})
	}
	job := rollJob{
		format: c.FormValue("format"), from: t.whole("/from", f.Value("from")), to: t.whole("/to", f.Value("to")),
		owner: owner, words: s.Words.Printer("vi"), make: s.rollLabel, url: s.Ledger.RollURL,
	}
	start := t.whole("/start", f.Value("start"))
	if err == nil && (start < 1 || start > max(1, stock.Cells())) {
		t.faults = append(t.faults, fault.Field{Pointer: "/start", Code: "labels_whole", Args: []any{max(1, stock.Cells())}})
	}
	if err := t.explain(nil); err != nil {
		return again(err)
	}
	job.sheet = label.Sheet{Stock: stock, Start: start}
	if k, ok := kept.Calibrations[stock.ID]; ok {
		job.sheet.Calibration = label.Calibration{DX: k.DX, DY: k.DY, ScaleX: k.ScaleX, ScaleY: k.ScaleY}
	}
	if err := job.try(); err != nil {
		return again(err)
	}
	// The button may be pressed again with other choices: that is another print.
	sum := sha256.Sum256([]byte(url.Values(f.Values).Encode() + job.format))
	_, job.code, err = s.Ledger.PrintRoll(c.ctx(), c.actor, trace.RollPrintDraft{
		Token: f.Token + hex.EncodeToString(sum[:8]), Roll: st.Doc.ID, From: job.from, To: job.to, Stock: stock.ID, Format: job.format,
	})
	if err != nil {
		return again(err)
	}
	name := "cuon-" + st.Doc.ID + "-" + strconv.Itoa(job.from) + "-" + strconv.Itoa(job.to)
	return s.sendLabels(c, name, job.format, job.write)
}

// try prints a label to nowhere. All labels of a roll have codes of one length, and the greatest number is
// the longest.
func (j rollJob) try() error {
	j.code = func(int) string { return sampleRollCode }
	j.from = j.to
	switch j.format {
	case "pdf", "zpl", "csv":
		return at("/stock", j.write(io.Discard))
	}
	return fault.New(fault.Malformed, "format_unknown")
}

// write writes the labels.
func (j rollJob) write(w io.Writer) error {
	j.sheet.Labels = func(yield func(label.Label, error) bool) {
		for n := j.from; n <= j.to; n++ {
			if !yield(j.make(j.words, j.owner, j.code(n), n), nil) {
				return
			}
		}
	}
	var err error
	switch j.format {
	case "pdf":
		_, err = j.sheet.WritePDF(w)
	case "zpl":
		_, err = j.sheet.WriteZPL(w)
	case "csv":
		out := csv.NewWriter(w)
		_ = out.Write([]string{"number", "code", "url"}) // Flush tells
		for n := j.from; n <= j.to; n++ {
			_ = out.Write([]string{strconv.Itoa(n), trace.SpellCode(j.code(n)), j.url(j.code(n))})
		}
		out.Flush()
		err = out.Error()
	}
	return err
}

// rollFree corrects a claim, and rollVoid declares labels invalid.
func (s *Server) rollFree(c *request) error { return s.rollMark(c, "free", s.Ledger.FreeRoll) }
func (s *Server) rollVoid(c *request) error { return s.rollMark(c, "void", s.Ledger.VoidRoll) }

// marking is a verb about a stretch of a roll.
type marking func(context.Context, trace.Actor, trace.RollRange) (int, error)

func (s *Server) rollMark(c *request, verb string, mark marking) error {
	id := c.Params("id")
	f := newForm(c, "rollrange")
	f.read(c, "from", "to", "reason")
	_, err := mark(c.ctx(), c.actor, trace.RollRange{
		Token: f.Token, Roll: id, From: f.Value("from"), To: f.Value("to"), Reason: f.Value("reason"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showRoll(c, nil, &tried{"roll_" + verb, f}) })
	}
	return done(c, "/work/rolls/"+url.PathEscape(id), "roll_"+verb)
}

// ClaimPage is the form for claiming labels for a lot.
type ClaimPage struct {
	Base
	Form   *Form
	Batch  trace.Batch
	Fields []Field
	Claims Section
}

// claimForm shows the form.
func (s *Server) claimForm(c *request) error { return s.showClaim(c, newForm(c, "rollclaim")) }

func (s *Server) showClaim(c *request, f *Form) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return err
	}
	product, err := s.Ledger.Product(c.ctx(), st.Doc.Product)
	if err != nil {
		return err
	}
	claims, err := s.Ledger.RollClaims(c.ctx(), c.actor, st.Doc.Code)
	if err != nil {
		return err
	}
	p := &ClaimPage{
		Base: s.workBase(c, "rolls.claim_title", product.Doc.Name, st.Doc.Lot), Form: f, Batch: st.Doc,
		Fields: []Field{f.Field("from", "text", true), f.Field("to", "text", true)},
	}
	p.Path = "/work/batches/" + st.Doc.Code + "/claim"
	if len(claims) > 0 {
		p.Claims = claimSection(c.words, claims)
	}
	return s.render(c, "rollclaim", p)
}

// claimRoll claims labels for a lot.
func (s *Server) claimRoll(c *request) error {
	f := newForm(c, "rollclaim")
	f.read(c, "from", "to")
	code := c.Params("code")
	_, err := s.Ledger.ClaimRoll(c.ctx(), c.actor, code, trace.RollClaimDraft{Token: f.Token, From: f.Value("from"), To: f.Value("to")})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showClaim(c, f) })
	}
	return done(c, "/work/batches/"+url.PathEscape(code), "roll_claimed")
}
