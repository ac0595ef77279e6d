package trace

import (
	"context"
	"errors"

	"truynguon/internal/fault"
)

// PublicRecall is a recall as anybody may know it: what, why, what to do, and which lots, but not who was
// sent them.
type PublicRecall struct {
	Recall       Recall
	Organisation Organisation
	// Lots is how many lots there are, and Page a part of them.
	Lots int
	Page ScopePage
}

// PublicRecall answers a recall of either kind with a part of its lots. A case that does not hold, and an
// exercise, is fault.NotFound.
func (l *Ledger) PublicRecall(ctx context.Context, id string, part int) (v PublicRecall, err error) {
	defer fault.Wrap(&err, "Ledger.PublicRecall(%q, %d)", id, part)
	c, err := recallCases.get(ctx, l, id)
	switch {
	case errors.Is(err, fault.NotFound):
		r, err := recalls.get(ctx, l, id)
		if err != nil {
			return v, err
		}
		v.Recall, v.Lots = r.Doc, len(r.Doc.Batches)
		if v.Page, err = l.namedLots(ctx, r.Doc.Batches); err != nil {
			return v, err
		}
	case err != nil:
		return v, err
	case !c.Doc.Holds() || c.Doc.Mock:
		return v, fault.NotFound
	default:
		v.Recall, v.Lots = c.Doc.recall(nil), c.Doc.Scope.Lots
		if v.Page, err = l.scopePage(ctx, id, &c.Doc.Scope, part, func(string) bool { return true }); err != nil {
			return v, err
		}
		v.Page.Lots = inScope(v.Page.Lots)
	}
	o, err := organisations.get(ctx, l, v.Recall.Organisation)
	v.Organisation = o.Doc
	return v, err
}

// namedLots are lots that a recall names.
func (l *Ledger) namedLots(ctx context.Context, codes []string) (out ScopePage, err error) {
	out.Next = -1
	if out.Batches, err = docsOf(batches.many(ctx, l, codes)); err != nil {
		return out, err
	}
	var goods []string
	for _, code := range codes {
		b, ok := out.Batches[code]
		if !ok {
			continue
		}
		goods = append(goods, b.Product)
		out.Lots = append(out.Lots, ScopeLot{Code: code, Organisation: b.Organisation, Product: b.Product, Lot: b.Lot, Quantity: b.Quantity})
	}
	out.Products, err = docsOf(products.many(ctx, l, unique(goods)))
	return out, err
}
