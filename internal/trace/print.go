package trace

import (
	"context"
	"errors"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// PrintKinds are what is printed for a lot: a label for each thing that is sold, the same with a serial
// number, labels for cartons, and cards for shelves.
var PrintKinds = []string{"lot", "item", "carton", "shelf"}

// PrintFormats are the ways in which labels leave the program: a document, the language of label
// printers, or a table for an outside printer.
var PrintFormats = []string{"pdf", "zpl", "csv"}

// MaxPrint bounds the labels of one run.
const MaxPrint = 100_000

// PrintRun records that labels of a lot were made for printing. Whether they came out of the printer
// nobody tells the program: what was made may be on somebody's packets, so it is counted.
type PrintRun struct {
	ID           string `json:"id"`
	Batch        string `json:"batch"`
	Organisation string `json:"organisation"`
	// Kind is one of PrintKinds, Format one of PrintFormats and Stock what the labels are printed on, by
	// its ID in configs/labels.yaml or as "custom 50×30 mm 203 dpi".
	Kind   string `json:"kind"`
	Stock  string `json:"stock"`
	Format string `json:"format"`
	// Labels is how many stickers there are, all copies counted.
	Labels int `json:"labels"`
	// Serials is how many of them have a serial number of their own; 0 if they are all alike.
	Serials int `json:"serials,omitempty"`
	// First is the index of the first serial among those of the product.
	First int64 `json:"first,omitempty"`
	// Reprint tells that they take the place of labels that were spoiled or lost.
	Reprint bool      `json:"reprint,omitempty"`
	At      time.Time `json:"at"`
	By      Actor     `json:"by"`
}

// Counted reports whether the labels are for the pieces of the lot, of which there cannot be more than
// pieces: a carton or a shelf has no piece of its own.
func (r *PrintRun) Counted() bool { return r.Kind == "lot" || r.Kind == "item" }

// PrintDraft is what is sent to record a run.
type PrintDraft struct {
	// Token makes a run that is sent twice count once.
	Token  string
	Batch  string
	Kind   string
	Stock  string
	Format string
	// Copies is how often each label is printed.
	Copies int
	// Serials is how many labels get a serial number of their own, for Kind "item" only.
	Serials int
	Reprint bool
}

var prints = trail(newKind("print",
	func(r *PrintRun) string { return r.ID }, func(r *PrintRun) string { return r.Organisation },
	func(r *record[PrintRun]) string { return sortTime(r.Doc.At) },
	func(r *PrintRun) []string { return []string{"batch=" + r.Batch, "org=" + r.Organisation} }))

// RecordPrint records that labels of a lot are made for printing, before they are handed out. The
// organisation's own people may, and of a lot that is neither recalled nor voided. With the draft's
// Token, a run that is sent again is the one there is; with Serials, its numbers are the same again.
func (l *Ledger) RecordPrint(ctx context.Context, by Actor, d PrintDraft) (r PrintRun, err error) {
	defer fault.Wrap(&err, "Ledger.RecordPrint(%q)", d.Batch)
	if by.Role == "" || by.Role == Buyer {
		return r, by.denied()
	}
	b, err := batches.get(ctx, l, d.Batch)
	if err != nil {
		return r, err
	}
	if _, err := l.keeper(ctx, by, b.Doc.Organisation); err != nil {
		return r, err
	}
	if b.Doc.State == Recalled || b.Doc.State == Voided {
		return r, wrongState(b.Doc.State)
	}
	var p fault.Problem
	r = PrintRun{
		ID: newID("print", by, d.Token), Batch: b.Doc.Code, Organisation: b.Doc.Organisation,
		Kind: choice(&p, "/kind", d.Kind, PrintKinds), Stock: p.Text("/stock", d.Stock, maxName, true),
		Format: choice(&p, "/format", d.Format, PrintFormats), Serials: d.Serials, Reprint: d.Reprint, At: l.stamp(), By: by,
	}
	each := max(d.Serials, 1)
	switch {
	case d.Copies < 1 || d.Copies > MaxPrint || d.Copies*each > MaxPrint:
		p.Add("/copies", "print_copies", MaxPrint)
	case d.Serials < 0 || d.Serials > MaxPrint:
		p.Add("/serials", "print_copies", MaxPrint)
	case (d.Serials > 0) != (r.Kind == "item") && r.Kind != "":
		p.Add("/serials", "print_serials")
	}
	if err := p.Err(); err != nil {
		return r, err
	}
	r.Labels = d.Copies * each
	if r.Serials > 0 {
		if r.First, err = l.giveSerials(ctx, &b.Doc, &r); err != nil {
			return r, err
		}
	}
	s, err := prints.insert(ctx, l, by, "print", r)
	if errors.Is(err, fault.Exists) {
		err = nil
	}
	return s.Doc, err
}

// Prints answers the print runs of a lot, newest first, to those who may read its records.
func (l *Ledger) Prints(ctx context.Context, by Actor, batch string) (out []PrintRun, err error) {
	defer fault.Wrap(&err, "Ledger.Prints(%q)", batch)
	if by.Role == Buyer {
		return nil, by.denied()
	}
	b, err := l.Batch(ctx, by, batch)
	if err != nil {
		return nil, err
	}
	for row, err := range prints.All(ctx, l.DB, store.Query{Term: "batch=" + b.Doc.Code, Desc: true, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		out = append(out, row.Value.Doc)
	}
	return out, nil
}

// PrintBalance compares the labels that were made for the pieces of a lot with the pieces there are.
type PrintBalance struct {
	// First are labels printed as new, Again those in place of spoiled ones.
	First, Again int
	// Claimed are those that the lot claimed from pre-printed rolls.
	Claimed int
	// Pieces is the lot's quantity if it is counted in pieces (unit H87), and 0 if not.
	Pieces int
}

// Labels is how many labels were made.
func (b PrintBalance) Labels() int { return b.First + b.Again + b.Claimed }

// Excess is how many more labels there are than pieces; 0 if pieces are not what the lot is counted in.
func (b PrintBalance) Excess() int {
	if b.Pieces == 0 {
		return 0
	}
	return max(0, b.Labels()-b.Pieces)
}

// Balance adds up the runs of a lot.
func (b *Batch) Balance(runs []PrintRun) (sum PrintBalance) {
	const pieces = "H87"
	if b.Quantity.UOM == pieces {
		sum.Pieces = int(b.Quantity.Value / 1000) // of a half piece there is no label
	}
	for _, r := range runs {
		switch {
		case !r.Counted():
		case r.Reprint:
			sum.Again += r.Labels
		default:
			sum.First += r.Labels
		}
	}
	return sum
}

// PrintChoice is what somebody chose when they last printed labels, and how their printers are corrected.
// It is a convenience and no record.
type PrintChoice struct {
	Account string `json:"account"`
	// Form holds the fields of the form as they were sent.
	Form map[string][]string `json:"form,omitempty"`
	// Calibrations are by stock: offsets in millimetres and factors.
	Calibrations map[string]PrintCalibration `json:"calibrations,omitempty"`
}

// PrintCalibration corrects a printer: what belongs at x is sent to x*ScaleX + DX, in millimetres.
type PrintCalibration struct {
	DX     float64 `json:"dx"`
	DY     float64 `json:"dy"`
	ScaleX float64 `json:"scaleX"`
	ScaleY float64 `json:"scaleY"`
}

var printChoices = store.Table[PrintChoice]{
	Kind:  "print_choice",
	Key:   func(c *PrintChoice) string { return c.Account },
	Sort:  func(*PrintChoice) string { return "" },
	Terms: func(*PrintChoice) []string { return nil },
}

// PrintChoice answers what the actor chose last; nothing if they never printed.
func (l *Ledger) PrintChoice(ctx context.Context, by Actor) (PrintChoice, error) {
	if by.Role == "" {
		return PrintChoice{}, by.denied()
	}
	row, err := printChoices.Get(ctx, l.DB, by.ID)
	if errors.Is(err, fault.NotFound) {
		return PrintChoice{Account: by.ID}, nil
	}
	return row.Value, err
}

// maxCalibrations bounds the printers of one person.
const maxCalibrations = 100

// KeepPrintChoice changes what is remembered for the actor.
func (l *Ledger) KeepPrintChoice(ctx context.Context, by Actor, change func(*PrintChoice)) (err error) {
	defer fault.Wrap(&err, "Ledger.KeepPrintChoice")
	if by.Role == "" {
		return by.denied()
	}
	apply := func(c *PrintChoice) error {
		c.Account = by.ID
		change(c)
		if len(c.Calibrations) > maxCalibrations {
			var p fault.Problem
			p.Add("/stock", "too_many", maxCalibrations)
			return p.Err()
		}
		return nil
	}
	_, err = printChoices.Update(ctx, l.DB, by.ID, apply)
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	c := PrintChoice{}
	if err := apply(&c); err != nil {
		return err
	}
	err = printChoices.Insert(ctx, l.DB, &c)
	if errors.Is(err, fault.Exists) { // from another window at the same moment
		_, err = printChoices.Update(ctx, l.DB, by.ID, apply)
	}
	return err
}
