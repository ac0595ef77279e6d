package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// A roll is labels that are printed before there is a lot for them: a lot claims a stretch of it later, by
// the first and the last label that were stuck on. Its codes are not kept one by one. Each roll has a block
// of 100,000 numbers, and a number becomes a code through the permutation of serial.go over 6 and 6
// characters, under one secret for all rolls. So a code tells neither its roll nor its place on it, and
// whoever scans one finds the roll by the block that the number lies in: one question, however many rolls
// there are. A guess is right once in 23¹²/n: once in two thousand million where ten million labels were
// printed.

const (
	rollHalf = 6 // characters of each half of a code
	// MaxRoll bounds the labels of a roll; it is the size of a block, and must never change.
	MaxRoll = 100_000
	// maxRollClaims and maxRollEntries bound what is noted of one roll: voiding and correcting stays
	// possible when no more can be claimed.
	maxRollClaims  = 350
	maxRollEntries = 450
	maxRollPrints  = 100
)

// Roll is a roll of labels.
type Roll struct {
	// ID is the number of the roll's block.
	ID string `json:"id"`
	// Organisation may claim it. It is empty for a roll that an authority ordered for all organisations
	// within Unit.
	Organisation string `json:"organisation,omitempty"`
	Unit         string `json:"adminUnit,omitempty"`
	// Name is how people call it.
	Name string `json:"name"`
	// Count is how many labels there are; they are numbered from 1.
	Count int       `json:"count"`
	At    time.Time `json:"at"`
	By    Actor     `json:"by"`
	// Prints are the times its labels were made for printing, and Entries what was noted of stretches of
	// it, both oldest first. The latest entry about a label is the one that holds; none is ever changed.
	Prints  []RollPrint `json:"prints,omitempty"`
	Entries []RollEntry `json:"entries,omitempty"`
	// UnitPath are the administrative units of the organisation, or of Unit, when it was ordered.
	UnitPath []string `json:"unitPath"`
	// Token is made of the submission's, so that one that is sent twice orders one roll.
	Token string `json:"token"`
}

// RollPrint records that labels of a roll were made for printing.
type RollPrint struct {
	ID string `json:"id"`
	// From and To are numbers of labels, both printed.
	From   int    `json:"from"`
	To     int    `json:"to"`
	Stock  string `json:"stock"`
	Format string `json:"format"`
	// Reprint tells that some of them had been printed before.
	Reprint bool      `json:"reprint,omitempty"`
	At      time.Time `json:"at"`
	By      Actor     `json:"by"`
}

// RollDraft is what is sent to order a roll.
type RollDraft struct {
	Token string `json:"-"`
	// Organisation is whose roll it is. An official or admin may leave it out and name a unit instead, for
	// all organisations within; an official's own is taken where none is named.
	Organisation string `json:"organisation"`
	Unit         string `json:"adminUnit"`
	Name         string `json:"name"`
	// Count is how many labels, 1 to MaxRoll.
	Count int `json:"count"`
}

// rollBook is what all codes of rolls are made of.
type rollBook struct {
	Key string `json:"key"`
	// Secret is 32 random bytes in hexadecimal digits.
	Secret string `json:"secret"`
	// Next is the first block that has not been given.
	Next int64 `json:"next"`
	// Last is the latest roll. It is filed before the next one takes its place, so that no block is given
	// twice and none is lost when an order stops halfway.
	Last Roll `json:"last"`
}

const rollBookKey = "rolls"

// rollSecret keeps the secret, which never changes, out of the way of a scan.
type rollSecret struct{ secret atomic.Pointer[[]byte] }

var (
	rollBooks = store.Table[rollBook]{
		Kind:  "roll_book",
		Key:   func(b *rollBook) string { return b.Key },
		Sort:  func(*rollBook) string { return "" },
		Terms: func(*rollBook) []string { return nil },
	}
	rolls = newKind("roll",
		func(r *Roll) string { return r.ID }, func(r *Roll) string { return r.Organisation }, byCreation[Roll], (*Roll).terms)
)

func (r *Roll) terms() []string {
	terms := append(prefixed("unit=", r.UnitPath), "token="+r.Token)
	if r.Organisation != "" {
		terms = append(terms, "org="+r.Organisation)
	}
	for _, e := range r.Entries {
		if e.Kind == RollClaimed {
			terms = append(terms, "batch="+e.Batch, "org="+e.Organisation)
		}
	}
	return store.TermSet(terms)
}

// OrderRoll orders a roll: an organisation's people for themselves, an official for an organisation that
// they oversee or for all within a unit. With the draft's Token, an order that is sent again is the roll
// there is.
func (l *Ledger) OrderRoll(ctx context.Context, by Actor, d RollDraft) (s Stored[Roll], err error) {
	defer fault.Wrap(&err, "Ledger.OrderRoll")
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	var p fault.Problem
	r := Roll{Organisation: strings.TrimSpace(d.Organisation), Unit: strings.TrimSpace(d.Unit), At: l.stamp(), By: by}
	if r.Organisation == "" && r.Unit == "" {
		r.Organisation = by.Org
		if by.Role == Official {
			r.Unit = by.Unit
		}
	}
	switch {
	case r.Organisation != "":
		o, err := organisations.get(ctx, l, r.Organisation)
		if errors.Is(err, fault.NotFound) && by.Role == Admin {
			p.Add("/organisation", "organisation_unknown", short(r.Organisation))
		} else if errors.Is(err, fault.NotFound) {
			return s, by.denied()
		} else if err != nil {
			return s, err
		} else if !by.mayWrite(&o.Doc) && !by.mayJudge(&o.Doc) {
			return s, by.denied()
		}
		r.Unit, r.UnitPath = "", o.Doc.UnitPath
	case by.Role != Admin && by.Role != Official:
		return s, by.denied()
	case r.Unit == "":
		p.Add("/organisation", "missing")
	default:
		path, err := l.unitPath(ctx, r.Unit)
		if err := found(&p, "/adminUnit", "unit_unknown", err); err != nil {
			return s, err
		}
		if err == nil && by.Role == Official && !slices.Contains(path, by.Unit) {
			return s, by.denied()
		}
		r.UnitPath = path
	}
	r.Name = p.Text("/name", d.Name, maxName, true)
	if r.Count = d.Count; r.Count < 1 || r.Count > MaxRoll {
		p.Add("/count", "roll_count", MaxRoll)
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	r.Token = newID("roll", by, d.Token)
	return l.giveRoll(ctx, r)
}

// giveRoll gives a roll its block and files it.
func (l *Ledger) giveRoll(ctx context.Context, r Roll) (s Stored[Roll], err error) {
	if _, err := l.rollKey(ctx); err != nil {
		return s, err
	}
	file := func(r Roll) (Stored[Roll], error) {
		s, err := rolls.insert(ctx, l, r.By, "order", r)
		if errors.Is(err, fault.Exists) {
			err = nil
		}
		return s, err
	}
	var mine Roll
	_, err = rollBooks.Update(ctx, l.DB, rollBookKey, func(b *rollBook) error {
		if b.Last.Token == r.Token {
			mine = b.Last
			return nil
		}
		there, _, err := rolls.find(ctx, l, store.Query{Term: "token=" + r.Token, Limit: 1})
		if err != nil {
			return err
		}
		if len(there) > 0 {
			mine = there[0].Doc
			return nil
		}
		if b.Last.ID != "" {
			if _, err := file(b.Last); err != nil {
				return err
			}
		}
		mine = r
		mine.ID = strconv.FormatInt(b.Next, 10)
		b.Last, b.Next = mine, b.Next+1
		return nil
	})
	if err != nil {
		return s, err
	}
	if mine.Name != r.Name || mine.Count != r.Count || mine.Organisation != r.Organisation || mine.Unit != r.Unit {
		return s, fault.New(fault.Exists, "token_reused")
	}
	return file(mine)
}

// rollKey answers the secret of all rolls, and makes it first if there is none.
func (l *Ledger) rollKey(ctx context.Context) ([]byte, error) {
	if k := l.rolls.secret.Load(); k != nil {
		return *k, nil
	}
	row, err := rollBooks.Get(ctx, l.DB, rollBookKey)
	if errors.Is(err, fault.NotFound) {
		var secret [32]byte
		rand.Read(secret[:])
		err = rollBooks.Insert(ctx, l.DB, &rollBook{Key: rollBookKey, Secret: hex.EncodeToString(secret[:]), Next: 1})
		if err != nil && !errors.Is(err, fault.Exists) {
			return nil, err
		}
		row, err = rollBooks.Get(ctx, l.DB, rollBookKey)
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(row.Value.Secret)
	if err != nil {
		return nil, err
	}
	l.rolls.secret.Store(&secret)
	return secret, nil
}

// rollPlace tells the roll and number that a code would have. Every code has one; whether it was printed is
// another question.
func rollPlace(secret []byte, code string) (id string, number int) {
	index := unpermuted(secret, rollHalf, rollHalf, code)
	return strconv.FormatInt(index/MaxRoll, 10), int(index%MaxRoll) + 1
}

// rollCode is the code of a label by the roll's block and its number, counted from 1.
func rollCode(secret []byte, block int64, number int) string {
	return permuted(secret, rollHalf, rollHalf, block*MaxRoll+int64(number-1))
}

// Roll answers a roll to those who may see it: who manages it, and for an authority's roll the
// organisations within its unit. These see of it what concerns themselves.
func (l *Ledger) Roll(ctx context.Context, by Actor, id string) (s Stored[Roll], err error) {
	defer fault.Wrap(&err, "Ledger.Roll(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	if s, err = rolls.get(ctx, l, id); err != nil {
		return s, err
	}
	if s.Doc.managedBy(by) {
		return s, nil
	}
	if by.Org == "" || s.Doc.Organisation != "" {
		return s, by.denied()
	}
	o, err := organisations.get(ctx, l, by.Org)
	if err != nil {
		return s, err
	}
	if !s.Doc.serves(&o.Doc) {
		return s, by.denied()
	}
	s.Doc = s.Doc.seenBy(by.Org)
	return s, nil
}

// managedBy reports whether the actor decides about the roll as a whole.
func (r *Roll) managedBy(by Actor) bool {
	o := Organisation{ID: r.Organisation, UnitPath: r.UnitPath}
	return by.mayJudge(&o) || r.Organisation != "" && by.mayWrite(&o)
}

// MayManageRoll reports whether the actor prints the roll and decides about labels of it that belong to no
// lot.
func (l *Ledger) MayManageRoll(by Actor, r *Roll) bool { return r.managedBy(by) }

// BatchesSeen answers those lots that have one of the codes and whose organisation's records the actor
// may see, by their codes.
func (l *Ledger) BatchesSeen(ctx context.Context, by Actor, codes []string) (map[string]Batch, error) {
	all, err := docsOf(batches.many(ctx, l, unique(codes)))
	for code, b := range all {
		if !by.Sees(b.Organisation, b.UnitPath) {
			delete(all, code)
		}
	}
	return all, err
}

// serves reports whether lots of an organisation may claim labels of the roll.
func (r *Roll) serves(o *Organisation) bool {
	if r.Organisation != "" {
		return r.Organisation == o.ID
	}
	return slices.Contains(o.UnitPath, r.Unit)
}

// seenBy is the roll with other organisations' lots, people and reasons taken out.
func (r Roll) seenBy(org string) Roll {
	r.Entries = slices.Clone(r.Entries)
	for i, e := range r.Entries {
		if e.Organisation != org {
			r.Entries[i] = RollEntry{ID: e.ID, Kind: e.Kind, From: e.From, To: e.To, At: e.At, By: Actor{Role: e.By.Role}}
		}
	}
	r.Prints, r.By = nil, Actor{Role: r.By.Role}
	return r
}

// Rolls answers a page of the rolls that the actor may see, newest first: those of an organisation, and
// those of an authority that it has claimed from; for an official or admin without one all that they
// oversee.
func (l *Ledger) Rolls(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Roll], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Rolls(%q)", org)
	if by.Role == "" || by.Role == Buyer {
		return nil, "", by.denied()
	}
	q := store.Query{Desc: true, After: after, Limit: limit}
	if org == "" && by.Role == Official && by.Unit != "" {
		q.Term = "unit=" + by.Unit
	} else if q, err = l.listOf(ctx, by, org, after, limit); err != nil {
		return nil, "", err
	}
	found, next, err := rolls.find(ctx, l, q)
	for i := range found {
		if !found[i].Doc.managedBy(by) {
			found[i].Doc = found[i].Doc.seenBy(by.Org)
		}
	}
	return found, next, err
}

// RollURL is what the QR code of a roll's label holds.
func (l *Ledger) RollURL(code string) string { return l.Base + "/l/" + code }

// RollPrintDraft is what is sent to print labels of a roll, from one number to another.
type RollPrintDraft struct {
	Token  string
	Roll   string
	From   int
	To     int
	Stock  string
	Format string
}

// PrintRoll records that labels of a roll are made for printing, before they are handed out, and yields
// their codes by number. Only who manages the roll may. With the draft's Token, a print that is sent again
// is the one there is.
func (l *Ledger) PrintRoll(ctx context.Context, by Actor, d RollPrintDraft) (pr RollPrint, code func(number int) string, err error) {
	defer fault.Wrap(&err, "Ledger.PrintRoll(%q)", d.Roll)
	if by.Role == "" || by.Role == Buyer {
		return pr, nil, by.denied()
	}
	r, err := rolls.get(ctx, l, d.Roll)
	if err != nil {
		return pr, nil, err
	}
	if !r.Doc.managedBy(by) {
		return pr, nil, by.denied()
	}
	var p fault.Problem
	pr = RollPrint{
		ID: newID("roll_print", by, d.Token), From: d.From, To: d.To, At: l.stamp(), By: by,
		Stock: p.Text("/stock", d.Stock, maxName, true), Format: choice(&p, "/format", d.Format, PrintFormats),
	}
	for _, end := range []struct {
		pointer string
		n       int
	}{{"/from", d.From}, {"/to", d.To}} {
		if end.n < 1 || end.n > r.Doc.Count {
			p.Add(end.pointer, "roll_number", r.Doc.Count)
		}
	}
	if d.From > d.To && len(p.Fields) == 0 {
		p.Add("/to", "roll_backwards")
	}
	if err := p.Err(); err != nil {
		return pr, nil, err
	}
	block, err := strconv.ParseInt(r.Doc.ID, 10, 64)
	if err != nil {
		return pr, nil, err
	}
	secret, err := l.rollKey(ctx)
	if err != nil {
		return pr, nil, err
	}
	_, err = rolls.update(ctx, l, by, r.Doc.ID, 0, "print", "", func(r *Roll) error {
		for _, old := range r.Prints {
			if old.ID == pr.ID {
				pr = old
				return nil
			}
		}
		if len(r.Prints) >= maxRollPrints {
			return fault.New(fault.Exists, "roll_prints", maxRollPrints)
		}
		pr.Reprint = slices.ContainsFunc(r.Prints, func(o RollPrint) bool { return o.From <= pr.To && pr.From <= o.To })
		r.Prints = append(r.Prints, pr)
		return nil
	})
	if err != nil {
		return pr, nil, err
	}
	return pr, func(number int) string { return rollCode(secret, block, number) }, nil
}
