package trace

import (
	"context"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Doubt is what somebody who looked at a page found doubtful (TT 31/2026/TT-BCT Đ7.2 asks that
// consumers can say so). The contact is personal data: those who answer see it, nobody else.
type Doubt struct {
	ID string `json:"id"`
	// Code is the lot's code, or what was looked up if no lot is known by it.
	Code         string `json:"code"`
	Organisation string `json:"organisation,omitempty"`
	Text         string `json:"text"`
	Contact      string `json:"contact,omitempty"`
	Answer       string `json:"answer,omitempty"`
	// Answered tells that somebody has dealt with it.
	Answered bool     `json:"answered"`
	UnitPath []string `json:"unitPath,omitempty"`
}

// DoubtDraft is what a visitor sends.
type DoubtDraft struct {
	Token   string `json:"-"`
	Code    string `json:"code"`
	Text    string `json:"text"`
	Contact string `json:"contact"`
}

// ReportDoubt keeps what a visitor finds doubtful about a lot.
func (l *Ledger) ReportDoubt(ctx context.Context, by Actor, d DoubtDraft) (s Stored[Doubt], err error) {
	defer fault.Wrap(&err, "Ledger.ReportDoubt")
	var p fault.Problem
	doubt := Doubt{
		ID:      newID("doubt", by, d.Token),
		Code:    p.Text("/code", d.Code, 200, true),
		Text:    p.Paragraph("/text", d.Text, maxText, true),
		Contact: p.Text("/contact", d.Contact, maxName, false),
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if code, ok := ParseCode(doubt.Code); ok {
		b, err := batches.get(ctx, l, code)
		if err := found(&p, "/code", "batch_unknown", err); err != nil {
			return s, err
		}
		doubt.Organisation, doubt.UnitPath = b.Doc.Organisation, b.Doc.UnitPath
	}
	s, err = doubts.insert(ctx, l, by, "report", doubt)
	return s, sameSubmission(d.Token, s.Doc, doubt, err)
}

// AnswerDoubt notes what was done about a doubt.
func (l *Ledger) AnswerDoubt(ctx context.Context, by Actor, id, answer string) (s Stored[Doubt], err error) {
	defer fault.Wrap(&err, "Ledger.AnswerDoubt(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	d, err := doubts.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if d.Doc.Organisation == "" {
		if by.Role != Admin {
			return s, by.denied()
		}
	} else if err := l.readable(ctx, by, d.Doc.Organisation); err != nil {
		return s, err
	}
	var p fault.Problem
	answer = p.Paragraph("/answer", answer, maxText, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	return doubts.update(ctx, l, by, id, 0, "answer", "", func(d *Doubt) error {
		d.Answer, d.Answered = answer, true
		return nil
	})
}

// Doubts answers a page of the doubts that concern the actor, newest first.
func (l *Ledger) Doubts(ctx context.Context, by Actor, after string, limit int) (_ []Stored[Doubt], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Doubts")
	if by.Role == Official && by.Unit != "" {
		return doubts.find(ctx, l, store.Query{Term: "unit=" + by.Unit, Desc: true, After: after, Limit: limit})
	}
	q, err := l.listOf(ctx, by, "", after, limit)
	if err != nil {
		return nil, "", err
	}
	return doubts.find(ctx, l, q)
}
