package trace

import (
	"context"
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// NoticeDays are how many days before its end a certificate's followers are told, most first.
var NoticeDays = []int{90, 30, 7}

// expiry is when a certificate ends: what the calendar reads. It is written before the certificate is
// submitted; whoever reads it looks at the certificate.
type expiry struct {
	ID           string   `json:"id"`
	Organisation string   `json:"organisation"`
	UnitPath     []string `json:"unitPath"`
	EndDate      Date     `json:"endDate"`
	// Due is which of NoticeDays its followers are told of next, 0 when they have been told of all.
	Due int `json:"due"`
}

var expiries = store.Table[expiry]{
	Kind: "expiry",
	Key:  func(e *expiry) string { return e.ID },
	Sort: func(e *expiry) string { return string(e.EndDate) },
	Terms: func(e *expiry) []string {
		terms := append(prefixed("unit=", e.UnitPath), "org="+e.Organisation)
		if e.Due > 0 {
			terms = append(terms, "due="+strconv.Itoa(e.Due))
		}
		return terms
	},
}

// fileExpiry notes when a certificate ends.
func (l *Ledger) fileExpiry(ctx context.Context, c *Certificate) error {
	if c.EndDate == "" {
		return nil
	}
	_, err := put(ctx, l, expiries, c.ID, expiry{ID: c.ID}, func(e *expiry) error {
		if e.EndDate != c.EndDate {
			e.Due = NoticeDays[0]
		}
		e.Organisation, e.UnitPath, e.EndDate = c.Organisation, c.UnitPath, c.EndDate
		return nil
	})
	return err
}

// Expiring answers a page of the verified certificates that end within some days (1 to 366), today
// included, the first to end first: of an organisation or, for an admin or an official without one, of all
// that they oversee. A page may hold fewer than limit though more follow.
func (l *Ledger) Expiring(ctx context.Context, by Actor, org string, within int, after string, limit int) (out []Stored[Certificate], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Expiring(%q, %d)", org, within)
	today := l.Today()
	return l.ending(ctx, by, org, store.Query{
		From: string(today), To: string(today.AddDays(max(1, min(within, 366)) + 1)), After: after, Limit: limit,
	})
}

// Expired answers a page of the verified certificates that ended within the last days (1 to 366), yesterday
// included, the last to end first: of those that Expiring would have told of.
func (l *Ledger) Expired(ctx context.Context, by Actor, org string, within int, after string, limit int) (out []Stored[Certificate], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Expired(%q, %d)", org, within)
	today := l.Today()
	return l.ending(ctx, by, org, store.Query{
		From: string(today.AddDays(-max(1, min(within, 366)))), To: string(today), Desc: true, After: after, Limit: limit,
	})
}

// ending answers a page of the verified or suspended certificates whose last day is in the question's range.
func (l *Ledger) ending(ctx context.Context, by Actor, org string, days store.Query) (out []Stored[Certificate], next string, err error) {
	q := store.Query{Term: "unit=" + by.Unit}
	if org != "" || by.Role != Official || by.Unit == "" {
		if q, err = l.listOf(ctx, by, org, days.After, days.Limit); err != nil {
			return nil, "", err
		}
	}
	days.Term = q.Term
	rows, next, err := expiries.Find(ctx, l.DB, days)
	if err != nil {
		return nil, "", err
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.Value.ID)
	}
	certs, err := certificates.many(ctx, l, ids)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		c, ok := certs[r.Value.ID]
		if ok && c.Doc.EndDate == r.Value.EndDate && (c.Doc.Status == CertVerified || c.Doc.Status == CertSuspended) {
			out = append(out, c)
		}
	}
	return out, next, nil
}

// AffectedLot is a lot that rests on a certificate, with what its page says of it now.
type AffectedLot struct {
	Lot LotAnswer
	// Checks are those of the certificate for this lot.
	Checks Checks
	// Only tells that no other certificate is a lawful basis for the lot.
	Only bool
}

// AffectedLots answers a page of the lots on the market, or held, that a certificate concerns, newest first:
// those whose basis falls away when it is suspended or revoked. Those who may see its holder's records may
// ask. A page may hold fewer than limit though more follow.
func (l *Ledger) AffectedLots(ctx context.Context, by Actor, id, after string, limit int) (out []AffectedLot, next string, err error) {
	defer fault.Wrap(&err, "Ledger.AffectedLots(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return nil, "", by.denied()
	}
	c, err := certificates.get(ctx, l, id)
	if err != nil {
		return nil, "", err
	}
	if err := l.readable(ctx, by, c.Doc.Organisation); err != nil {
		return nil, "", err
	}
	// The certificate's products, one after another; the cursor names which is being read.
	var terms, codes []string
	for _, about := range c.Doc.concerns() {
		kind, what, _ := strings.Cut(about.term, "=")
		switch kind {
		case "batch":
			codes = append(codes, what)
		case "product":
			terms = append(terms, "product="+what)
		default:
			terms = []string{"org=" + what}
		}
	}
	terms = unique(terms)
	if len(terms) > 0 && strings.HasPrefix(terms[len(terms)-1], "org=") {
		terms, codes = terms[len(terms)-1:], nil
	}
	at, cursor := 0, ""
	if after != "" {
		n, rest, ok := strings.Cut(after, ".")
		at, err = strconv.Atoi(n)
		if !ok || err != nil || at < 0 || at >= len(terms) {
			return nil, "", fault.New(fault.Malformed, "cursor")
		}
		cursor, codes = rest, nil
	}
	if at < len(terms) {
		rows, more, err := batches.find(ctx, l, store.Query{Term: terms[at], Desc: true, After: cursor, Limit: limit})
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			codes = append(codes, r.Doc.Code)
		}
		if more != "" {
			next = strconv.Itoa(at) + "." + more
		} else if at+1 < len(terms) {
			next = strconv.Itoa(at+1) + "."
		}
	}
	codes = unique(codes)
	g, err := l.gather(ctx, codes, nil, []string{id}, nil)
	if err != nil {
		return nil, "", err
	}
	lots, err := l.judgeLots(ctx, &g)
	if err != nil {
		return nil, "", err
	}
	for _, code := range codes {
		lot := lots[code]
		if lot == nil || lot.Batch.State != Released && lot.Batch.State != Held {
			continue
		}
		affected := AffectedLot{Lot: *lot, Only: true}
		for i := range lot.Certificates {
			on := &lot.Certificates[i]
			if on.Certificate.ID == id {
				affected.Checks = on.Checks
			} else if on.Scheme.FoodSafety && on.Good() {
				affected.Only = false
			}
		}
		if affected.Checks.Of(CheckScope).Result == Passed && affected.Checks.Of(CheckDateThen).Result != Failed {
			out = append(out, affected)
		}
	}
	return out, next, nil
}
