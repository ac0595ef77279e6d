package web

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// printerShow shows how the visitor's printer is corrected for a stock, and how to measure it.
func (s *Server) printerShow(c *request) error { return s.showPrinter(c, nil) }

// printerQuery is the stock and the lot to go back to, as the address or the form names them.
func printerQuery(c *request) string {
	q := url.Values{"stock": {c.FormValue("stock")}}
	if batch := c.FormValue("batch"); batch != "" {
		q.Set("batch", batch)
	}
	return "?" + q.Encode()
}

func (s *Server) showPrinter(c *request, t *tried) error {
	stock, err := stockByID(c.FormValue("stock"))
	if err != nil {
		return err
	}
	kept, err := s.Ledger.PrintChoice(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	w := c.words
	p := &RecordPage{Base: s.workBase(c, "labels.printer"), Intro: w.T("labels.printer.intro")}
	p.Path = "/work/labels/printer" // also after a form was sent
	p.keep(c, "stock", "batch")
	if t != nil {
		p.Failed = t.form
	}
	p.fact("labels.stock", stockName(w, stock))
	k, corrected := kept.Calibrations[stock.ID]
	if corrected {
		p.fact("labels.offset", w.T("labels.offset_text", plain(k.DX), plain(k.DY)))
		p.fact("labels.scale", w.T("labels.scale_text", percent(k.ScaleX), percent(k.ScaleY)))
	} else {
		p.fact("labels.offset", w.T("labels.uncorrected"))
	}
	if batch, ok := trace.ParseCode(c.FormValue("batch")); ok {
		p.Links = append(p.Links, Link{"/work/batches/" + batch + "/labels", w.T("labels.back")})
	}
	test := func(key, more string) {
		p.Links = append(p.Links, Link{"/work/labels/test.pdf" + printerQuery(c) + more, w.T(key, "PDF")})
		if stock.Kind == label.RollStock {
			p.Links = append(p.Links, Link{"/work/labels/test.zpl" + printerQuery(c) + more, w.T(key, "ZPL")})
		}
	}
	test("labels.test", "")
	if corrected {
		test("labels.test_corrected", "&corrected=yes")
	}
	x1, y1, x2, y2 := stock.Marks()
	measure := act(c, t, "printer_measure", "printer", "/work/labels/printer/measure"+printerQuery(c))
	for name, v := range map[string]float64{"left": x1, "top": y1, "across": x2 - x1, "down": y2 - y1} {
		field := measure.Form.Field(name, "number", true)
		field.Note = w.T("labels.should_be", plain(v))
		measure.Fields = append(measure.Fields, field)
	}
	order := map[string]int{"left": 0, "top": 1, "across": 2, "down": 3}
	sorted := make([]Field, len(measure.Fields))
	for _, field := range measure.Fields {
		sorted[order[field.Name]] = field
	}
	measure.Fields = sorted
	set := act(c, t, "printer_set", "printer", "/work/labels/printer/set"+printerQuery(c))
	set.Form.set("dx", comma(c, plain(k.DX)))
	set.Form.set("dy", comma(c, plain(k.DY)))
	set.Form.set("scaleX", comma(c, percent(k.ScaleX)))
	set.Form.set("scaleY", comma(c, percent(k.ScaleY)))
	for _, name := range []string{"dx", "dy", "scaleX", "scaleY"} {
		set.Fields = append(set.Fields, set.Form.Field(name, "number", true))
	}
	p.Actions = append(p.Actions, measure, set)
	if corrected {
		p.Actions = append(p.Actions, act(c, t, "printer_reset", "printer", "/work/labels/printer/reset"+printerQuery(c)))
	}
	return s.render(c, "record", p)
}

// percent writes a factor; that of a printer which is not corrected is 100.
func percent(v float64) string {
	if v == 0 {
		v = 1
	}
	return plain(v * 100)
}

// comma writes a number as its reader types it.
func comma(c *request, number string) string {
	if c.words.Lang() == "vi" {
		return strings.Replace(number, ".", ",", 1)
	}
	return number
}

// printerChange corrects the visitor's printer for a stock: by what was measured on a test page, or by
// numbers given outright; or takes the correction away.
func (s *Server) printerChange(c *request) error {
	verb := c.Params("verb")
	stock, err := stockByID(c.FormValue("stock"))
	if err != nil {
		return err
	}
	f := newForm(c, "printer")
	names := map[string][]string{"measure": {"left", "top", "across", "down"}, "set": {"dx", "dy", "scaleX", "scaleY"}, "reset": nil}
	fields, ok := names[verb]
	if !ok {
		return fault.NotFound
	}
	f.read(c, fields...)
	var t typing
	v := make([]float64, 4)
	for i, name := range fields {
		text := f.Value(name)
		sign := 1.0
		if rest, ok := strings.CutPrefix(strings.TrimSpace(text), "-"); ok && verb == "set" {
			text, sign = rest, -1
		}
		n, err := strconv.ParseFloat(string(t.number("/"+name, text)), 64)
		if err != nil && strings.TrimSpace(text) == "" {
			t.faults = append(t.faults, fault.Field{Pointer: "/" + name, Code: "missing"})
		}
		v[i] = sign * n
	}
	err = t.explain(nil)
	var k label.Calibration
	if err == nil && verb == "measure" {
		if k, err = stock.Calibrate(label.Measured{Left: v[0], Top: v[1], Across: v[2], Down: v[3]}); err != nil {
			err = at("/left", err)
		}
	}
	if err == nil && verb == "set" {
		k = label.Calibration{DX: v[0], DY: v[1], ScaleX: v[2] / 100, ScaleY: v[3] / 100}
		// A test page is refused by the same rule as labels are.
		if err = (label.TestPage{Stock: stock, Calibration: k}).WriteTestPDF(new(bytes.Buffer)); err != nil {
			err = at("/dx", err)
		}
	}
	if err == nil {
		err = s.Ledger.KeepPrintChoice(c.ctx(), c.actor, func(choice *trace.PrintChoice) {
			if verb == "reset" {
				delete(choice.Calibrations, stock.ID)
				return
			}
			if choice.Calibrations == nil {
				choice.Calibrations = map[string]trace.PrintCalibration{}
			}
			choice.Calibrations[stock.ID] = trace.PrintCalibration{DX: k.DX, DY: k.DY, ScaleX: k.ScaleX, ScaleY: k.ScaleY}
		})
	}
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showPrinter(c, &tried{"printer_" + verb, f}) })
	}
	return done(c, "/work/labels/printer"+printerQuery(c), "printer_"+verb)
}

// printerTest is the page to measure a printer with, or one to check its correction with.
func (s *Server) printerTest(c *request) error {
	stock, err := stockByID(c.Query("stock"))
	if err != nil {
		return err
	}
	page := label.TestPage{Stock: stock}
	if c.Query("corrected") != "" {
		kept, err := s.Ledger.PrintChoice(c.ctx(), c.actor)
		if err != nil {
			return err
		}
		k := kept.Calibrations[stock.ID]
		page.Calibration = label.Calibration{DX: k.DX, DY: k.DY, ScaleX: k.ScaleX, ScaleY: k.ScaleY}
	}
	x1, y1, x2, y2 := stock.Marks()
	w := c.words
	page.Notes = []string{
		w.T("label.test.title"), stockName(w, stock), w.T("label.test.first", plain(x1), plain(y1)),
		w.T("label.test.second", plain(x2-x1), plain(y2-y1)), w.T("label.test.measure"),
	}
	var b bytes.Buffer
	ext, write, kind := "pdf", page.WriteTestPDF, "application/pdf"
	if strings.HasSuffix(c.Path(), ".zpl") {
		ext, write, kind = "zpl", page.WriteTestZPL, "application/zpl"
	}
	if err := write(&b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="test-`+stock.ID+"."+ext+`"`)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	return c.Send(b.Bytes())
}
