package trace

import (
	"context"
	"slices"

	"truynguon/internal/store"
)

// LotStock is what became of the part of a lot that an organisation had: a sum of records, and no
// stocktaking. All amounts are in UOM, the unit of the lot.
type LotStock struct {
	Lot          string `json:"lot"`
	Organisation string `json:"organisation"`
	UOM          string `json:"uom"`
	// Had is what the organisation began with: the whole lot if it is its own, and else nothing.
	Had Amount `json:"had"`
	// Received came by shipments, returned goods among them.
	Received Amount `json:"received"`
	// Used went into other lots; Shipped, Sold and Destroyed left.
	Used      Amount `json:"used"`
	Shipped   Amount `json:"shipped"`
	Sold      Amount `json:"sold"`
	Destroyed Amount `json:"destroyed"`
	// Unclear tells that some records are in units that cannot be brought to UOM, or are too many to
	// read, so that what is left is not known.
	Unclear bool `json:"unclear,omitempty"`
}

// Left is what is left by the records. It is negative if more went out than there was.
func (a *LotStock) Left() Amount {
	return a.Had + a.Received - a.Used - a.Shipped - a.Sold - a.Destroyed
}

// Holds reports whether the organisation has, or had, any part of the lot.
func (a *LotStock) Holds() bool { return a.Had > 0 || a.Received > 0 || a.Unclear }

// maxAccount bounds the records that one account is made of.
const maxAccount = 10_000

// accounts adds up what an organisation had of lots, and what became of it, in two questions and their
// pages. netContents are those of the lots' products, by product.
func (l *Ledger) accounts(ctx context.Context, org string, lots []*Batch) (map[string]*LotStock, error) {
	out := make(map[string]*LotStock, len(lots))
	products := make(map[string]*Batch, len(lots))
	var codes []string
	var ids []string
	for _, b := range lots {
		a := &LotStock{Lot: b.Code, Organisation: org, UOM: b.Quantity.UOM}
		if b.Organisation == org {
			a.Had = b.Quantity.Value
		}
		out[b.Code], products[b.Code] = a, b
		codes = append(codes, b.Code)
		ids = append(ids, b.Product)
	}
	known, err := l.ProductsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	add := func(to *Amount, a *LotStock, q Quantity) {
		v, ok := inUnit(q, a.UOM, known[products[a.Lot].Product].NetContent)
		a.Unclear = a.Unclear || !ok
		*to += v
	}
	read := 0
	for part := range slices.Chunk(codes, walkTerms) {
		for row, err := range transformations.All(ctx, l.DB, store.Query{Any: prefixed("in=", part), Limit: store.MaxLimit}) {
			if err != nil {
				return nil, err
			}
			if read++; read > maxAccount {
				return unclear(out), nil
			}
			if row.Value.Doc.Organisation != org {
				continue
			}
			for _, in := range row.Value.Doc.Inputs {
				if a := out[in.Lot]; a != nil {
					add(&a.Used, a, in.Quantity)
				}
			}
		}
		for row, err := range shipments.All(ctx, l.DB, store.Query{Any: prefixed("moved=", part), Limit: store.MaxLimit}) {
			if err != nil {
				return nil, err
			}
			if read++; read > maxAccount {
				return unclear(out), nil
			}
			s := &row.Value.Doc
			for i, lot := range s.Lots {
				a := out[lot.Lot]
				if a == nil {
					continue
				}
				switch {
				case s.sender() == org && s.Kind == Sale:
					add(&a.Sold, a, lot.Quantity)
				case s.sender() == org && s.Kind == Destruction:
					add(&a.Destroyed, a, lot.Quantity)
				case s.sender() == org:
					add(&a.Shipped, a, lot.Quantity)
				}
				switch {
				case s.To.Organisation != org || s.Kind == Sale || s.Kind == Destruction:
				case s.Inbound:
					// What a lot of one's own is made of came from outside; it is in Had already.
					if a.Had == 0 || s.Kind == Returning {
						add(&a.Received, a, lot.Quantity)
					}
				case s.Receipt() != nil && i < len(s.Receipt().Lots):
					add(&a.Received, a, s.Receipt().Lots[i].Quantity)
				}
			}
		}
	}
	return out, nil
}

// sender is the organisation here that the goods left, empty if it was none.
func (s *Shipment) sender() string { return s.From.Organisation }

func unclear(all map[string]*LotStock) map[string]*LotStock {
	for _, a := range all {
		a.Unclear = true
	}
	return all
}

// LotStock answers what became of a lot that the actor's organisation has, or had, to those who may see
// the organisation's records. Without an organisation it is the lot's own.
func (l *Ledger) LotStock(ctx context.Context, by Actor, code, org string) (_ LotStock, err error) {
	b, err := batches.get(ctx, l, code)
	if err != nil {
		return LotStock{}, err
	}
	if org == "" {
		org = b.Doc.Organisation
	}
	if err := l.readable(ctx, by, org); err != nil {
		return LotStock{}, err
	}
	all, err := l.accounts(ctx, org, []*Batch{&b.Doc})
	if err != nil {
		return LotStock{}, err
	}
	return *all[b.Doc.Code], nil
}

// LotInStock is a lot that an organisation can use or send, and what became of it there.
type LotInStock struct {
	Batch Batch
	Stock LotStock
}

// heldChoices bounds the lots that a form offers.
const heldChoices = 200

// LotsInStock answers the lots that an organisation has by the records and that are on the market: its latest
// released ones, and what it received of others.
func (l *Ledger) LotsInStock(ctx context.Context, by Actor, org string) (out []LotInStock, err error) {
	if err := l.readable(ctx, by, org); err != nil {
		return nil, err
	}
	own, _, err := batches.find(ctx, l, store.Query{Term: "org+state=" + org + "+" + string(Released), Desc: true, Limit: heldChoices})
	if err != nil {
		return nil, err
	}
	var lots []*Batch
	for i := range own {
		lots = append(lots, &own[i].Doc)
	}
	came, _, err := shipments.find(ctx, l, store.Query{Term: "party=" + org, Desc: true, Limit: heldChoices})
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, s := range came {
		if s.Doc.To.Organisation == org && s.Doc.Voided == nil && (s.Doc.Inbound || s.Doc.Receipt() != nil) {
			for _, lot := range s.Doc.Lots {
				codes = append(codes, lot.Lot)
			}
		}
	}
	if codes = unique(codes); len(codes) > heldChoices {
		codes = codes[:heldChoices]
	}
	others, err := batches.many(ctx, l, codes)
	if err != nil {
		return nil, err
	}
	for _, code := range codes {
		if b, ok := others[code]; ok && b.Doc.Organisation != org && b.Doc.State == Released {
			lots = append(lots, &b.Doc)
		}
	}
	if len(lots) == 0 {
		return nil, nil
	}
	have, err := l.accounts(ctx, org, lots)
	if err != nil {
		return nil, err
	}
	for _, b := range lots {
		if a := have[b.Code]; a.Unclear || a.Left() > 0 {
			out = append(out, LotInStock{*b, *a})
		}
	}
	return out, nil
}
