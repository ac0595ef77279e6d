package web

import (
	"fmt"
	"strconv"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// caseActions are what the one who looks may do with a case as it is.
func (s *Server) caseActions(c *request, p *RecordPage, k *trace.RecallCase, o *trace.Organisation, t *tried) error {
	if !leaders.allows(c.who) || !s.Ledger.MayRecall(c.actor, o, k.Kind) {
		if k.Stage == trace.RecallRunning { // staff note down what was found
			return s.entryAction(c, p, k, t)
		}
		return nil
	}
	add := func(verb, prefix string, danger bool, fields ...func(f *Form) Field) *Action {
		a := act(c, t, "case_"+verb, prefix, "/work/recall-cases/"+k.ID+"/"+verb)
		a.Danger = danger
		for _, field := range fields {
			a.Fields = append(a.Fields, field(a.Form))
		}
		p.Actions = append(p.Actions, a)
		return &p.Actions[len(p.Actions)-1]
	}
	area := func(name string, required bool) func(f *Form) Field {
		return func(f *Form) Field { return f.Field(name, "area", required) }
	}
	switch k.Stage {
	case trace.RecallScoping:
		hold := func(f *Form) Field { return f.Field("hold", "check", false) }
		if k.Mock {
			add("submit", "caseAct", false)
		} else {
			add("submit", "caseAct", false, hold)
		}
		add("remove", "caseAct", false, area("lots", true), area("reason", true))
		add("add", "caseAct", false, area("lots", true), area("reason", true))
		add("find", "caseAct", false)
		add("drop", "caseAct", true, area("reason", true))
	case trace.RecallReview:
		if err := s.Ledger.ReviewFault(c.ctx(), c.actor, k); err == nil {
			a := add("confirm", "caseAct", true)
			a.Hidden = []Option{{Value: strconv.Itoa(k.Scope.Version), Label: "version"}}
			a.Text = p.T("act.case_confirm.text", k.Scope.Lots, len(k.Scope.Organisations))
			if k.Mock {
				a.Text = p.T("case.mock_note")
			}
		} else {
			told := tell(c.words, err)
			p.Intro = told.Text
		}
		add("return", "caseAct", false, area("reason", true))
		add("drop", "caseAct", true, area("reason", true))
	case trace.RecallRunning:
		if err := s.entryAction(c, p, k, t); err != nil {
			return err
		}
		a := add("receiver", "receiver", false)
		for _, field := range []struct {
			name, kind string
			required   bool
		}{{"name", "text", true}, {"address", "text", false}, {"email", "email", false}, {"phone", "tel", false}, {"lot", "text", true}, {"quantity", "number", true}, {"on", "date", false}} {
			a.Fields = append(a.Fields, a.Form.Field(field.name, field.kind, field.required))
		}
		if c.who.Is(auth.Admin, auth.Official) {
			add("consent", "caseConsent", false, func(f *Form) Field { return f.Field("consentOn", "date", true) })
		}
		add("close", "caseClosing", true, area("outcome", true), area("unfinished", false))
	}
	return nil
}

// entryAction is the form for a line of the account.
func (s *Server) entryAction(c *request, p *RecordPage, k *trace.RecallCase, t *tried) error {
	a := act(c, t, "case_entry", "entry", "/work/recall-cases/"+k.ID+"/entry")
	f := a.Form
	page, err := s.Ledger.RecallScope(c.ctx(), c.actor, k.ID, 0)
	if err != nil {
		return err
	}
	if page.Next < 0 && len(page.Lots) == 1 {
		f.set("lot", page.Lots[0].Code)
	}
	lot := f.Field("lot", "text", true)
	if page.Next < 0 {
		var lots []Option
		for _, l := range page.Lots {
			if l.Removed == nil {
				lots = append(lots, Option{Value: l.Code, Label: page.Products[l.Product].Name + " – " + l.Lot})
			}
		}
		lot = f.Choice("lot", "select", true, lots)
	}
	told, err := s.Ledger.ReceiverNotices(c.ctx(), c.actor, k.ID)
	if err != nil {
		return err
	}
	var receivers []Option
	for i := range told[:min(len(told), choiceSize)] {
		receivers = append(receivers, Option{Value: told[i].ID, Label: told[i].Receiver.Name})
	}
	f.set("on", string(s.Ledger.Today()))
	a.Fields = []Field{
		lot, f.Choice("measure", "select", true, wordedOptions(c.words, "recallMeasure.", trace.RecallMeasures)),
		f.Field("quantity", "number", true), f.Field("on", "date", true),
	}
	if len(receivers) > 0 {
		a.Fields = append(a.Fields, f.Choice("receiver", "select", false, receivers))
	}
	a.Fields = append(a.Fields, f.Field("note", "area", false))
	p.Actions = append(p.Actions, a)
	return nil
}

// percent writes tenths of a per cent.
func (b *Base) percent(tenths int) string {
	return b.Number(fmt.Sprintf("%d.%d", tenths/10, tenths%10)) + " %"
}

// amountText writes an amount with its unit.
func (b *Base) amountText(a trace.Amount, uom string) string { return b.Quantity(a.String(), uom) }

// accountSection tells where the quantity has gone.
func accountSection(p *RecordPage, a *trace.RecallAccount) Section {
	sec := Section{Title: p.T("case.account")}
	for i := range a.Totals {
		t := &a.Totals[i]
		sec.Rows = append(sec.Rows,
			Row{Title: p.T("account.recovered", p.percent(t.RecoveredShare())), Notes: []string{
				p.T("account.due", p.amountText(t.Due, t.UOM)), p.T("account.recovered_n", p.amountText(t.Recovered, t.UOM)),
				p.T("account.out", p.amountText(t.Out, t.UOM)), p.T("account.sold", p.amountText(t.Sold, t.UOM)),
			}},
			Row{Title: p.T("account.known", p.percent(t.KnownShare())), Notes: []string{
				p.T("account.shipped", p.amountText(t.Shipped, t.UOM)), p.T("account.known_n", p.amountText(t.Known, t.UOM)),
			}},
			Row{Title: p.T("account.handled", p.amountText(t.Handled, t.UOM)), Notes: []string{p.N("account.unfinished", a.Unfinished)}})
	}
	return sec
}

// receiverSection lists the receivers with what became of the notice.
func receiverSection(p *RecordPage, k *trace.RecallCase, told []trace.ReceiverNotice) Section {
	sec := Section{Title: p.T("case.receivers"), Empty: p.T("case.no_receivers")}
	for i := range told {
		sec.Rows = append(sec.Rows, receiverRow(p, k, &told[i]))
	}
	return sec
}

func receiverRow(p *RecordPage, k *trace.RecallCase, n *trace.ReceiverNotice) Row {
	row := Row{
		Title: n.Receiver.Name, Href: "/work/recall-cases/" + k.ID + "/receivers/" + receiverPart(n.ID),
		Tag: p.T("receiver.waiting"), Tone: "warn", Notes: []string{p.N("recall.lots", len(n.Lots)+n.More)},
	}
	if a := n.Answer(); a != nil {
		row.Tag, row.Tone = p.T("receiver.answered"), "good"
		row.Notes = append(row.Notes, p.T("receiver.answered_by", a.Name, a.At))
	}
	row.Notes = append(row.Notes, deliveryText(p, n))
	return row
}

// deliveryText says how the notice to a receiver went.
func deliveryText(p *RecordPage, n *trace.ReceiverNotice) string {
	switch {
	case n.Mock:
		return p.T("receiver.dry_run")
	case n.Receiver.Email == "":
		return p.T("receiver.by_letter")
	case len(n.Messages) == 0:
		return p.T("receiver.not_sent")
	}
	m := n.Messages[len(n.Messages)-1]
	if len(m.Attempts) == 0 {
		return p.T("receiver.queued")
	}
	last := m.Attempts[len(m.Attempts)-1]
	if last.Error != "" {
		return p.T("receiver.failed", last.At, last.Error)
	}
	return p.T("receiver.sent", last.At, len(n.Messages))
}

// recallEntries lists the lines of the account, those that were superseded marked.
func recallEntries(p *RecordPage, a *trace.RecallAccount) Section {
	sec := Section{Title: p.T("case.entries"), Empty: p.T("case.no_entries")}
	names := map[string]string{}
	for i := range a.Lots {
		names[a.Lots[i].Code] = a.Lots[i].ProductName + " – " + a.Lots[i].Lot
	}
	for i := len(a.Entries) - 1; i >= 0 && len(sec.Rows) < listSize; i-- {
		e := &a.Entries[i]
		row := Row{
			Title: p.T("recallMeasure."+string(e.Measure)) + ": " + p.Measure(e.Quantity),
			Notes: []string{names[e.Lot], p.Day(e.On), e.By.Name},
		}
		if e.Note != "" {
			row.Notes = append(row.Notes, e.Note)
		}
		if !a.Standing(e.ID) {
			row.Tag = p.T("case.superseded")
		}
		sec.Rows = append(sec.Rows, row)
	}
	return sec
}
