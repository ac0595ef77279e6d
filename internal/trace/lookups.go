package trace

import (
	"context"
	"errors"
	"slices"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// lookup lists the certificates, or recalls, that something leads to: a folded number, a digest, a lot, a
// product, an organisation. A bulk check reads a thousand of them in one question, which terms cannot do. It
// is written before what it leads to, so that nothing is ever missed: an id in it may lead to nothing yet,
// or no longer to what is asked, and whoever reads it looks.
type lookup struct {
	Key string   `json:"key"`
	IDs []string `json:"ids"`
}

var lookups = store.Table[lookup]{
	Kind:  "lookup",
	Key:   func(v *lookup) string { return v.Key },
	Sort:  func(*lookup) string { return "" },
	Terms: func(*lookup) []string { return nil },
}

// maxLookup bounds what one lookup leads to. Of what concerns a lot the newest stay. A number or a file that
// so many certificates claim takes no more: else somebody could crowd out the genuine one.
const maxLookup = 500

func numberKey(fold string) string { return "number/" + fold }
func digestKey(sum string) string  { return "sha256/" + sum }
func batchKey(code string) string  { return "batch/" + code }
func productKey(id string) string  { return "product/" + id }
func wideKey(org string) string    { return "wide/" + org }
func recallKey(code string) string { return "recall/" + code }

// lead makes a lookup lead to an id.
func (l *Ledger) lead(ctx context.Context, key, id string) error {
	_, err := put(ctx, l, lookups, key, lookup{Key: key}, func(v *lookup) error {
		if slices.Contains(v.IDs, id) {
			return nil
		}
		if len(v.IDs) >= maxLookup && (strings.HasPrefix(key, "number/") || strings.HasPrefix(key, "sha256/")) {
			return fault.New(fault.Exists, "number_crowded")
		}
		v.IDs = append(v.IDs, id)
		if n := len(v.IDs) - maxLookup; n > 0 {
			v.IDs = slices.Delete(v.IDs, 0, n)
		}
		return nil
	})
	return err
}

// fileLookups makes a certificate findable by its number, its documents, what it is about and its end.
func (l *Ledger) fileLookups(ctx context.Context, c *Certificate) error {
	var keys []string
	if fold := FoldNumber(c.Number); fold != "" {
		keys = append(keys, numberKey(fold))
	}
	for _, term := range c.concerns() {
		keys = append(keys, term.key)
	}
	docs, err := documents.many(ctx, l, c.Documents)
	if err != nil {
		return err
	}
	for _, id := range c.Documents {
		if d, ok := docs[id]; ok {
			keys = append(keys, digestKey(d.Doc.SHA256), digestKey(d.Doc.OriginalSHA256))
		}
	}
	for _, key := range unique(keys) {
		if err := l.lead(ctx, key, c.ID); err != nil {
			return err
		}
	}
	return l.fileExpiry(ctx, c)
}

// concern is something that a certificate is about, as a term and as the key of a lookup.
type concern struct{ term, key string }

// concerns lists what a certificate is about: lots, products or all of its holder.
func (c *Certificate) concerns() (out []concern) {
	wide := len(c.Subjects) == 0
	for _, s := range c.Subjects {
		switch {
		case s.Batch != "":
			out = append(out, concern{"batch=" + s.Batch, batchKey(s.Batch)})
		case s.Product != "":
			out = append(out, concern{"product=" + s.Product, productKey(s.Product)})
		default:
			wide = true
		}
	}
	if wide {
		out = append(out, concern{"wide=" + c.Organisation, wideKey(c.Organisation)})
	}
	return out
}

// led reads what lookups lead to, in one question. The answer has the ids by key.
func (l *Ledger) led(ctx context.Context, keys []string) (map[string][]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := lookups.GetMany(ctx, l.DB, keys)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return nil, err
	}
	out := make(map[string][]string, len(rows))
	for key, row := range rows {
		out[key] = row.Value.IDs
	}
	return out, nil
}

// RefileLookups makes every submitted certificate and every recall findable anew, for records that were
// written before there were lookups. Only an admin may.
func (l *Ledger) RefileLookups(ctx context.Context, by Actor) (err error) {
	defer fault.Wrap(&err, "Ledger.RefileLookups")
	if by.Role != Admin {
		return by.denied()
	}
	for row, err := range certificates.All(ctx, l.DB, store.Query{}) {
		if err != nil {
			return err
		}
		if c := &row.Value.Doc; c.Status != CertDraft {
			if err := l.fileLookups(ctx, c); err != nil {
				return err
			}
		}
	}
	for row, err := range recalls.All(ctx, l.DB, store.Query{}) {
		if err != nil {
			return err
		}
		for _, code := range row.Value.Doc.Batches {
			if err := l.lead(ctx, recallKey(code), row.Value.Doc.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
