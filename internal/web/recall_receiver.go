package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// receiverPart is the part of a notice's id that names the receiver.
func receiverPart(id string) string {
	_, part, _ := strings.Cut(id, "/")
	return part
}

// answerAddress is where a receiver answers without an account.
func (s *Server) answerAddress(key string) string { return s.Ledger.Base + "/a/" + key }

// receiverOf finds the notice that an address names.
func (s *Server) receiverOf(c *request) (*trace.RecallCase, *trace.ReceiverNotice, error) {
	k, err := s.Ledger.RecallCase(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return nil, nil, err
	}
	told, err := s.Ledger.ReceiverNotices(c.ctx(), c.actor, k.Doc.ID)
	if err != nil {
		return nil, nil, err
	}
	for i := range told {
		if receiverPart(told[i].ID) == c.Params("n") {
			return &k.Doc, &told[i], nil
		}
	}
	return nil, nil, fault.NotFound
}

// receiverShow shows a receiver of recalled goods: what was sent, the notice, and what was answered.
func (s *Server) receiverShow(c *request) error { return s.showReceiver(c, nil) }

func (s *Server) showReceiver(c *request, t *tried) error {
	k, n, err := s.receiverOf(c)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "receiver.title"), Tag: c.words.T("receiver.waiting"), Tone: "warn"}
	if t != nil {
		p.Failed = t.form
	}
	p.Title = n.Receiver.Name
	p.fact("receiver.address", n.Receiver.Address)
	p.fact("receiver.code", n.Receiver.Code)
	p.fact("receiver.email", n.Receiver.Email)
	p.fact("receiver.phone", n.Receiver.Phone)
	p.fact("receiver.delivery", deliveryText(p, n))
	if n.Mock {
		p.Intro = p.T("receiver.mock_note")
	} else {
		p.fact("receiver.link", s.answerAddress(n.Key)).Mono = true
	}
	sec := Section{Title: p.T("receiver.lots")}
	for _, lot := range n.Lots {
		row := Row{Title: lot.Product + " – " + lot.Lot, Code: trace.SpellCode(lot.Code), Href: "/work/batches/" + lot.Code, Notes: []string{p.Measure(lot.Quantity)}}
		if lot.On != "" {
			row.Notes = append(row.Notes, p.T("receiver.sent_on", string(lot.On)))
		}
		sec.Rows = append(sec.Rows, row)
	}
	p.Sections = append(p.Sections, sec)
	answers := Section{Title: p.T("receiver.answers"), Empty: p.T("receiver.no_answers")}
	for i := len(n.Answers) - 1; i >= 0; i-- {
		answers.Rows = append(answers.Rows, answerRow(p, n, &n.Answers[i]))
	}
	if n.Answer() != nil {
		p.Tag, p.Tone = p.T("receiver.answered"), "good"
	}
	p.Sections = append(p.Sections, answers)
	base := "/work/recall-cases/" + k.ID + "/receivers/" + receiverPart(n.ID)
	p.Links = []Link{{base + "/letter.pdf", p.T("receiver.letter")}, {"/work/recall-cases/" + k.ID, p.T("case.back_to")}}
	if k.Stage == trace.RecallRunning {
		a := act(c, t, "receiver_answer", "answer", base+"/answer")
		a.Fields = append([]Field{a.Form.Field("name", "text", true)}, answerFields(p.Printer.Lang(), a.Form, n.Lots)...)
		a.Fields = append(a.Fields, a.Form.Field("note", "area", false))
		p.Actions = append(p.Actions, a)
	}
	if leaders.allows(c.who) && k.Stage != trace.RecallClosed {
		a := act(c, t, "receiver_email", "receiver", base+"/email")
		a.Form.set("email", n.Receiver.Email)
		a.Fields = []Field{a.Form.Field("email", "email", true)}
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

func answerRow(p *RecordPage, n *trace.ReceiverNotice, a *trace.RecallAnswer) Row {
	row := Row{Title: p.T("receiver.answered_by", a.Name, a.At)}
	if a.By != nil {
		row.Notes = append(row.Notes, p.T("receiver.noted_by", a.By.Name))
	} else {
		row.Notes = append(row.Notes, p.T("receiver.by_link"))
	}
	for _, line := range a.Lots {
		for _, lot := range n.Lots {
			if lot.Code == line.Code {
				uom := lot.Quantity.UOM
				row.Notes = append(row.Notes, p.T("receiver.line", lot.Lot, p.amountText(line.Held, uom), p.amountText(line.Sold, uom), p.amountText(line.Returned, uom)))
			}
		}
	}
	if a.Note != "" {
		row.Notes = append(row.Notes, a.Note)
	}
	return row
}

// answerFields are three numbers for each lot.
func answerFields(_ string, f *Form, lots []trace.NoticeLot) (out []Field) {
	for i, lot := range lots {
		for _, name := range []string{"held", "sold", "returned"} {
			field := f.Field(fmt.Sprintf("lots/%d/%s", i, name), "number", false)
			field.Label = f.words.T("answer.lots."+name+".of", lot.Product+" – "+lot.Lot, f.words.UnitName(lot.Quantity.UOM))
			out = append(out, field)
		}
	}
	return out
}

// readAnswer reads what a receiver says.
func readAnswer(c *request, f *Form, n *trace.RecallNotice) (trace.AnswerDraft, *typing) {
	names := []string{"name", "note"}
	for i := range n.Lots {
		for _, part := range []string{"held", "sold", "returned"} {
			names = append(names, fmt.Sprintf("lots/%d/%s", i, part))
		}
	}
	f.read(c, names...)
	t := new(typing)
	d := trace.AnswerDraft{Token: f.Token, Name: f.Value("name"), Note: f.Value("note")}
	for i, lot := range n.Lots {
		number := func(part string) trace.Decimal {
			name := fmt.Sprintf("lots/%d/%s", i, part)
			return t.number("/"+name, f.Value(name))
		}
		d.Lots = append(d.Lots, trace.AnswerLineDraft{Code: lot.Code, Held: number("held"), Sold: number("sold"), Returned: number("returned")})
	}
	return d, t
}

// receiverChange notes down an answer, or sets an address.
func (s *Server) receiverChange(c *request) error {
	k, n, err := s.receiverOf(c)
	if err != nil {
		return err
	}
	verb := c.Params("verb")
	f := newForm(c, map[string]string{"answer": "answer", "email": "receiver"}[verb])
	switch verb {
	case "answer":
		d, t := readAnswer(c, f, &n.RecallNotice)
		_, err = s.Ledger.NoteAnswer(c.ctx(), c.actor, n.ID, d)
		err = t.explain(err)
	case "email":
		f.read(c, "email")
		_, err = s.Ledger.SetReceiverEmail(c.ctx(), c.actor, n.ID, f.Value("email"))
	default:
		return fault.NotFound
	}
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showReceiver(c, &tried{verb: "receiver_" + verb, form: f}) })
	}
	return done(c, "/work/recall-cases/"+k.ID+"/receivers/"+url.PathEscape(receiverPart(n.ID)), "receiver_"+verb)
}

// receiverAnswer asks a receiver, who needs no account, what became of the goods.
func (s *Server) receiverAnswer(c *request) error { return s.answerForm(c, nil) }

func (s *Server) answerForm(c *request, f *Form) error {
	n, k, o, err := s.Ledger.NoticeByKey(c.ctx(), c.Params("key"))
	if err != nil {
		return err
	}
	if f == nil {
		f = newForm(c, "answer")
		if a := n.Answer(); a != nil {
			f.Values["name"] = []string{a.Name}
			for _, line := range a.Lots {
				for i, lot := range n.Lots {
					if lot.Code == line.Code {
						f.Values[fmt.Sprintf("lots/%d/held", i)] = []string{c.words.Number(line.Held.String())}
						f.Values[fmt.Sprintf("lots/%d/sold", i)] = []string{c.words.Number(line.Sold.String())}
						f.Values[fmt.Sprintf("lots/%d/returned", i)] = []string{c.words.Number(line.Returned.String())}
					}
				}
			}
		}
	}
	p := &EditPage{Base: s.base(c, "answer.title", n.Receiver.Name), Form: f, Buttons: []Button{{Label: c.words.T("answer.send")}}}
	p.Intro = c.words.T("answer.intro", o.Name, *k.EffectiveAt)
	if n.Mock {
		p.Intro = c.words.T("answer.mock")
	}
	head := Group{Title: c.words.T("provenance.reason"), Text: k.Reason}
	advice := Group{Title: c.words.T("provenance.advice"), Text: k.Advice}
	p.Groups = []Group{head, advice}
	fields := answerFields("", f, n.Lots)
	for i, lot := range n.Lots {
		text := c.words.T("answer.sent", c.words.Quantity(lot.Quantity.Value.String(), lot.Quantity.UOM))
		if lot.On != "" {
			text += " – " + c.words.Date(string(lot.On))
		}
		some := fields[3*i : 3*i+3]
		for j, name := range []string{"held", "sold", "returned"} {
			some[j].Label = c.words.T("answer.lots."+name, c.words.UnitName(lot.Quantity.UOM))
		}
		p.Groups = append(p.Groups, Group{Title: lot.Product + " – " + lot.Lot + " (" + trace.SpellCode(lot.Code) + ")", Text: text, Fields: some})
	}
	p.Groups = append(p.Groups, Group{Fields: []Field{f.Field("name", "text", true), f.Field("note", "area", false)}})
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("Referrer-Policy", "no-referrer")
	return s.render(c, "edit", p)
}

// receiverAnswered records the answer.
func (s *Server) receiverAnswered(c *request) error {
	key := c.Params("key")
	n, _, _, err := s.Ledger.NoticeByKey(c.ctx(), key)
	if err != nil {
		return err
	}
	f := newForm(c, "answer")
	d, t := readAnswer(c, f, &n)
	_, err = s.Ledger.AnswerNotice(c.ctx(), key, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.answerForm(c, f) })
	}
	return done(c, "/a/"+url.PathEscape(key), "answer_kept")
}

// receiverLetter is the notice as a letter to print.
func (s *Server) receiverLetter(c *request) error {
	k, n, err := s.receiverOf(c)
	if err != nil {
		return err
	}
	o, err := s.Ledger.Organisation(c.ctx(), k.Organisation)
	if err != nil {
		return err
	}
	if k.EffectiveAt == nil {
		return fault.NotFound
	}
	b := s.base(c, "receiver.title")
	d := label.Document{Footer: s.SiteName + " · " + o.Doc.Name}
	if !n.Mock {
		d.Code = s.answerAddress(n.Key)
	}
	add := func(par label.Paragraph) { d.Paragraphs = append(d.Paragraphs, par) }
	add(label.Paragraph{Text: o.Doc.Name, Size: 4.2})
	add(label.Paragraph{Text: o.Doc.Address})
	if n.Mock {
		add(label.Paragraph{Text: b.T("case.mock_title"), Size: 5, Before: 4})
	}
	add(label.Paragraph{Text: b.T("letter.title"), Size: 6, Before: 8, Keep: true})
	add(label.Paragraph{Text: b.T("message.dear", n.Receiver.Name), Before: 4})
	add(label.Paragraph{Text: n.Receiver.Address})
	add(label.Paragraph{Text: b.T("message.receiver.text", o.Doc.Name, b.DayISO(*k.EffectiveAt)), Before: 4})
	add(label.Paragraph{Text: b.T("message.reason", k.Reason), Before: 3})
	add(label.Paragraph{Text: b.T("message.advice", k.Advice), Before: 2})
	if k.Decision != "" {
		add(label.Paragraph{Text: b.T("message.decision", k.Decision), Before: 2})
	}
	add(label.Paragraph{Text: b.T("message.sent_to_you"), Before: 4, Keep: true})
	for _, lot := range n.Lots {
		text := b.T("message.sent_lot", lot.Product, lot.Lot, trace.SpellCode(lot.Code), b.Measure(lot.Quantity))
		if lot.On != "" {
			text += " – " + b.T("receiver.sent_on", string(lot.On))
		}
		add(label.Paragraph{Text: text, Label: "–", Indent: 5, Before: 1})
	}
	if !n.Mock {
		add(label.Paragraph{Text: b.T("message.answer", s.answerAddress(n.Key)), Before: 5})
	}
	add(label.Paragraph{Text: b.T("letter.sign"), Before: 12, Indent: 100})
	return sendPDF(c, d, "thu-hoi-"+receiverPart(n.ID))
}

// sendPDF answers a document to print.
func sendPDF(c *request, d label.Document, name string) error {
	var b bytes.Buffer
	if err := d.WritePDF(&b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/pdf")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="`+name+`.pdf"`)
	return c.Status(http.StatusOK).Send(b.Bytes())
}
