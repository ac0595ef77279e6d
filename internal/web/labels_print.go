package web

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"iter"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// labelPrint records a print run and hands out its labels. Everything that can be wrong with them is
// found before anything is recorded or sent.
func (s *Server) labelPrint(c *request) error {
	kept, err := s.Ledger.PrintChoice(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	pv, err := s.labelled(c)
	if err != nil {
		return err
	}
	f := newForm(c, "labels")
	f.read(c, labelFields...)
	again := func(err error) error {
		return s.failed(c, f, err, func() error { return s.showLabels(c, f, kept, nil) })
	}
	ch, err := s.readLabels(f, kept)
	if err != nil {
		return again(err)
	}
	format := c.FormValue("format")
	logo, _ := s.logoOf(c, &pv.Organisation, ch)
	job := printJob{choice: ch, format: format, batch: pv.Batch, make: s.labelMaker(pv, ch, logo), itemURL: s.itemURL}
	if err := job.try(); err != nil {
		return again(err)
	}
	draft := trace.PrintDraft{
		Batch: pv.Batch.Code, Kind: ch.kind.ID, Stock: ch.stock.ID, Format: format, Copies: ch.copies, Reprint: ch.reprint,
	}
	if ch.kind.ID == "item" {
		draft.Copies, draft.Serials = 1, ch.copies
	}
	// The button may be pressed again with other choices: that is another run.
	q := url.Values(f.Values).Encode() + format
	sum := sha256.Sum256([]byte(q))
	draft.Token = f.Token + hex.EncodeToString(sum[:8])
	run, err := s.Ledger.RecordPrint(c.ctx(), c.actor, draft)
	if err != nil {
		return again(err)
	}
	if run.Serials > 0 {
		if job.serial, err = s.Ledger.Serials(c.ctx(), c.actor, &run); err != nil {
			return err
		}
	}
	err = s.Ledger.KeepPrintChoice(c.ctx(), c.actor, func(k *trace.PrintChoice) {
		k.Form = map[string][]string{}
		for _, name := range keptFields {
			k.Form[name] = f.Values[name]
		}
		next := (ch.start-1+ch.copies)%ch.stock.Cells() + 1
		k.Form["start"] = []string{strconv.Itoa(next)}
	})
	if err != nil { // the labels are what was asked for
		s.Log.Error("print choice", "request", c.id, "error", err)
	}
	return s.sendPrint(c, job)
}

// printJob is labels to be written.
type printJob struct {
	choice labelChoice
	format string
	batch  trace.Batch
	make   func(serial string) label.Label
	// serial is the serial of each item, nil if the labels are all alike.
	serial  func(i int) string
	itemURL func(b *trace.Batch, serial string) string
}

// labels yields the first n labels.
func (j printJob) labels(n int) iter.Seq2[label.Label, error] {
	return func(yield func(label.Label, error) bool) {
		for i := range n {
			serial := ""
			switch {
			case j.serial != nil:
				serial = j.serial(i)
			case j.choice.kind.ID == "item":
				serial = sampleSerial
			}
			if !yield(j.make(serial), nil) {
				return
			}
		}
	}
}

func (j printJob) sheet(n int) label.Sheet {
	return label.Sheet{Stock: j.choice.stock, Labels: j.labels(n), Start: j.choice.start, Calibration: j.choice.calibration}
}

// try prints as many labels as fill a page, to nowhere. All labels of a run are of one size and have
// codes of one length, so the others will be no worse.
func (j printJob) try() error {
	n := min(j.choice.copies, j.choice.stock.Cells())
	var err error
	switch j.format {
	case "pdf":
		_, err = j.sheet(n).WritePDF(io.Discard)
	case "zpl":
		_, err = j.sheet(n).WriteZPL(io.Discard)
	case "csv":
		if j.choice.kind.ID != "item" {
			return fault.New(fault.Invalid, "labels_csv_items")
		}
	default:
		return fault.New(fault.Malformed, "format_unknown")
	}
	if err != nil {
		return at("/stock", err)
	}
	return nil
}

// write writes all of the labels.
func (j printJob) write(w io.Writer) error {
	n := j.choice.copies
	var err error
	switch j.format {
	case "pdf":
		_, err = j.sheet(n).WritePDF(w)
	case "zpl":
		_, err = j.sheet(n).WriteZPL(w)
	case "csv":
		out := csv.NewWriter(w)
		_ = out.Write([]string{"serial", "url", "lot", "code"}) // Flush tells
		for i := range n {
			serial := j.serial(i)
			_ = out.Write([]string{serial, j.itemURL(&j.batch, serial), j.batch.Lot, j.batch.Code})
		}
		out.Flush()
		err = out.Error()
	}
	return err
}

// sendPrint streams a run: a hundred thousand labels are never in memory together.
func (s *Server) sendPrint(c *request, j printJob) error {
	return s.sendLabels(c, j.batch.Code+"-"+j.choice.kind.ID, j.format, j.write)
}

// sendLabels streams labels as a file.
func (s *Server) sendLabels(c *request, name, format string, write func(io.Writer) error) error {
	types := map[string]string{"pdf": "application/pdf", "zpl": "application/zpl", "csv": "text/csv; charset=utf-8"}
	c.Set(fiber.HeaderContentType, types[format])
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+"."+format+`"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	conn, id := c.Context().Conn(), c.id
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		out := io.Writer(w)
		if conn != nil {
			out = &patient{w: w, conn: conn}
		}
		if err := write(out); err != nil {
			s.Log.Error("print", "request", id, "error", err)
		}
	})
	return nil
}

// patient gives a long download time: the connection's deadline is for the whole answer, and here every
// piece that goes out moves it on.
type patient struct {
	w    io.Writer
	conn net.Conn
	last time.Time
}

func (p *patient) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.last) > time.Second {
		p.last = now
		if err := p.conn.SetWriteDeadline(now.Add(time.Minute)); err != nil {
			return 0, err
		}
	}
	return p.w.Write(b)
}

// labelVoid voids serials.
func (s *Server) labelVoid(c *request) error {
	kept, err := s.Ledger.PrintChoice(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	f := newForm(c, "serials")
	f.read(c, "from", "to", "reason")
	_, err = s.Ledger.VoidSerials(c.ctx(), c.actor, trace.VoidDraft{
		Batch: c.Params("code"), From: f.Value("from"), To: f.Value("to"), Reason: f.Value("reason"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showLabels(c, labelsOf(c, kept), kept, &tried{"void_serials", f}) })
	}
	return done(c, "/work/batches/"+url.PathEscape(c.Params("code"))+"/labels", "serials_voided")
}
