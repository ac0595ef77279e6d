package trace

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Serial numbers are not kept one by one. A product has a secret, and its serials are the numbers 0, 1,
// 2 … sent through a permutation that only who has the secret can compute: so no two are the same, none
// tells which one comes next, and a hundred thousand of them are one record that says where they begin
// and how many they are. Whoever scans one sends it back through the permutation; if what comes out is a
// number that was given, the serial was printed, and in which run it was. A guess is right once in
// 23¹¹/n, that is once in nine thousand million where 100,000 were given.
//
// The permutation is a Feistel network over 5 and 6 characters with ten rounds, built as that of FF1
// (NIST SP 800-38G) is, with HMAC-SHA256 as its round function. Who can read the database can compute
// serials, as they could read a list of them.

const (
	serialLeft, serialRight = 5, 6 // characters; with the check character, a serial is as long as a code
	serialRounds            = 10
)

// power is how many words of n characters there are.
func power(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= uint64(len(codeAlphabet))
	}
	return p
}

// serialRound is the round function: a number below m that depends on all of the secret, the round and
// the other half. Taking 64 bits modulo m prefers no number by more than one in 2³⁶.
func serialRound(secret []byte, round int, half, m uint64) uint64 {
	var text [9]byte
	text[0] = byte(round)
	binary.BigEndian.PutUint64(text[1:], half)
	h := hmac.New(sha256.New, secret)
	h.Write(text[:])
	return binary.BigEndian.Uint64(h.Sum(nil)) % m
}

// serialOf is the serial with an index, which must be below 23¹¹.
func serialOf(secret []byte, index int64) string {
	return permuted(secret, serialLeft, serialRight, index)
}

// serialIndex is the index of a serial. Every word of the right form has one; whether it was given is
// another question.
func serialIndex(secret []byte, serial string) (index int64, ok bool) {
	serial, ok = ParseCode(serial)
	if !ok {
		return 0, false
	}
	return unpermuted(secret, serialLeft, serialRight, serial), true
}

// permuted spells the image of an index as a word of left + right characters and its check character.
func permuted(secret []byte, left, right int, index int64) string {
	a, b := uint64(index)/power(right), uint64(index)%power(right)
	m, other := power(left), power(right)
	for round := range serialRounds {
		a, b = b, (a+serialRound(secret, round, b, m))%m
		m, other = other, m
	}
	// An even number of rounds: the halves are as long as they were.
	n := a*power(right) + b
	body := make([]byte, left+right)
	for i := len(body) - 1; i >= 0; i-- {
		body[i] = codeAlphabet[n%uint64(len(codeAlphabet))]
		n /= uint64(len(codeAlphabet))
	}
	return string(body) + string(checkCharacter(string(body)))
}

// unpermuted is the index that a word of the alphabet is the image of. The check character is not looked
// at.
func unpermuted(secret []byte, left, right int, word string) int64 {
	var n uint64
	for i := range left + right {
		n = n*uint64(len(codeAlphabet)) + uint64(strings.IndexByte(codeAlphabet, word[i]))
	}
	a, b := n/power(right), n%power(right)
	m, other := power(right), power(left)
	for round := serialRounds - 1; round >= 0; round-- {
		a, b = (b+m-serialRound(secret, round, a, m))%m, a
		m, other = other, m
	}
	return int64(a*power(right) + b)
}

// serialBook is what a product's serials are made of.
type serialBook struct {
	Product string `json:"product"`
	// Secret is 32 random bytes in hexadecimal digits.
	Secret string `json:"secret"`
	// Next is the first index that has not been given.
	Next int64 `json:"next"`
	// Last is the latest run. It is written to serial_run before the next one takes its place, so that
	// no run is lost when its own request stops halfway.
	Last SerialRun `json:"last"`
}

// SerialRun is a range of a product's serials that was given to a lot.
type SerialRun struct {
	// Product and First, the index of the first serial, are the key.
	Product string `json:"product"`
	First   int64  `json:"first"`
	Count   int    `json:"count"`
	// Print is the print run that they were given for.
	Print        string    `json:"print"`
	Batch        string    `json:"batch"`
	Organisation string    `json:"organisation"`
	At           time.Time `json:"at"`
	By           Actor     `json:"by"`
	// Voids are ranges within the run whose labels were spoiled, lost or never used.
	Voids []SerialVoid `json:"voids,omitempty"`
}

// SerialVoid is a range of serials that are not valid any more. Offsets count from the first of the run,
// both ends are part of the range.
type SerialVoid struct {
	From   int       `json:"from"`
	To     int       `json:"to"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
}

func serialRunKey(product string, first int64) string { return fmt.Sprintf("%s/%015d", product, first) }

var (
	serialBooks = store.Table[serialBook]{
		Kind:  "serial_book",
		Key:   func(b *serialBook) string { return b.Product },
		Sort:  func(*serialBook) string { return "" },
		Terms: func(*serialBook) []string { return nil },
	}
	serialRuns = newKind("serial_run",
		func(r *SerialRun) string { return serialRunKey(r.Product, r.First) },
		func(r *SerialRun) string { return r.Organisation },
		func(r *record[SerialRun]) string { return fmt.Sprintf("%015d", r.Doc.First) },
		func(r *SerialRun) []string {
			return []string{"product=" + r.Product, "print=" + r.Print, "batch=" + r.Batch}
		})
)

// giveSerials gives a print run its serials and answers the index of the first. Asked again for the same
// run, it is the same.
func (l *Ledger) giveSerials(ctx context.Context, b *Batch, r *PrintRun) (first int64, err error) {
	given := func() (*SerialRun, error) {
		found, _, err := serialRuns.find(ctx, l, store.Query{Term: "print=" + r.ID, Limit: 1})
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return &found[0].Doc, nil
	}
	file := func(run SerialRun) error {
		if run.Count == 0 {
			return nil
		}
		_, err := serialRuns.insert(ctx, l, run.By, "print", run)
		if errors.Is(err, fault.Exists) {
			return nil
		}
		return err
	}
	var secret [32]byte
	rand.Read(secret[:])
	book := serialBook{Product: b.Product, Secret: hex.EncodeToString(secret[:])}
	if err := serialBooks.Insert(ctx, l.DB, &book); err != nil && !errors.Is(err, fault.Exists) {
		return 0, err
	}
	var mine SerialRun
	_, err = serialBooks.Update(ctx, l.DB, b.Product, func(book *serialBook) error {
		if book.Last.Print == r.ID {
			mine = book.Last
			return nil
		}
		there, err := given()
		if err != nil {
			return err
		}
		if there != nil {
			mine = *there
			return nil
		}
		if err := file(book.Last); err != nil {
			return err
		}
		mine = SerialRun{
			Product: b.Product, First: book.Next, Count: r.Serials, Print: r.ID, Batch: b.Code, Organisation: b.Organisation, At: r.At, By: r.By,
		}
		book.Last, book.Next = mine, book.Next+int64(r.Serials)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return mine.First, file(mine)
}

// Serials yields the serials of a print run in the order in which they are printed, the first at 0.
func (l *Ledger) Serials(ctx context.Context, by Actor, r *PrintRun) (_ func(i int) string, err error) {
	defer fault.Wrap(&err, "Ledger.Serials(%q)", r.ID)
	b, err := l.Batch(ctx, by, r.Batch)
	if err != nil {
		return nil, err
	}
	if _, err := l.keeper(ctx, by, b.Doc.Organisation); err != nil {
		return nil, err
	}
	book, err := serialBooks.Get(ctx, l.DB, b.Doc.Product)
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(book.Value.Secret)
	if err != nil {
		return nil, err
	}
	return func(i int) string { return serialOf(secret, r.First+int64(i)) }, nil
}

// SerialStatus says what is known of a serial number on a lot's code.
type SerialStatus string

// What a scan of a serial can find.
const (
	SerialKnown   SerialStatus = "known"   // given to a label of this lot
	SerialUnknown SerialStatus = "unknown" // given to no label of this lot
	SerialVoided  SerialStatus = "voided"  // given, and declared spoiled, lost or unused since
)

// SerialFound is what is known of a serial.
type SerialFound struct {
	Status SerialStatus
	// Void is set if the serial is voided.
	Void *SerialVoid
	// Copied tells that there is an alert about the label which nobody has closed.
	Copied bool
	// Label is set if it is the code of a label from a roll.
	Label *RollLabel
}

// Serial looks a serial number of a lot up, for anybody.
func (l *Ledger) Serial(ctx context.Context, b *Batch, serial string) (f SerialFound, err error) {
	defer fault.Wrap(&err, "Ledger.Serial(%q)", b.Code)
	f.Status = SerialUnknown
	if code, ok := ParseRollCode(serial); ok {
		serial = code
		f, err = l.rollSerial(ctx, b, code)
	} else if code, ok = ParseCode(serial); ok {
		serial = code
		f, err = l.printedSerial(ctx, b, code)
	}
	if err != nil || f.Status == SerialUnknown {
		return f, err
	}
	f.Copied, err = l.copied(ctx, b.Code, serial)
	return f, err
}

// printedSerial looks a serial number up among those of the product's print runs.
func (l *Ledger) printedSerial(ctx context.Context, b *Batch, serial string) (f SerialFound, err error) {
	f.Status = SerialUnknown
	run, offset, err := l.serialRun(ctx, b, serial)
	if err != nil || run == nil {
		return f, err
	}
	f.Status = SerialKnown
	for i, v := range run.Doc.Voids {
		if v.From <= offset && offset <= v.To {
			f.Status, f.Void = SerialVoided, &run.Doc.Voids[i]
		}
	}
	return f, nil
}

// serialRun finds the run of a lot that a serial belongs to, nil if there is none, and its place in it.
func (l *Ledger) serialRun(ctx context.Context, b *Batch, serial string) (*Stored[SerialRun], int, error) {
	book, err := serialBooks.Get(ctx, l.DB, b.Product)
	if errors.Is(err, fault.NotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	secret, err := hex.DecodeString(book.Value.Secret)
	if err != nil {
		return nil, 0, err
	}
	index, ok := serialIndex(secret, serial)
	if !ok || index >= book.Value.Next {
		return nil, 0, nil
	}
	// The run that begins latest at or before the index.
	found, _, err := serialRuns.find(ctx, l, store.Query{
		Term: "product=" + b.Product, To: fmt.Sprintf("%015d", index+1), Desc: true, Limit: 1,
	})
	if err != nil {
		return nil, 0, err
	}
	for _, run := range append(found, Stored[SerialRun]{Doc: book.Value.Last}) {
		if offset := index - run.Doc.First; offset >= 0 && offset < int64(run.Doc.Count) && run.Doc.Batch == b.Code {
			return &run, int(offset), nil
		}
	}
	return nil, 0, nil
}

// VoidDraft is what is sent to void serials: those of a roll or sheet from one to another, both as
// printed, and the reason, which a scan shows.
type VoidDraft struct {
	Batch  string
	From   string
	To     string
	Reason string
}

// maxVoids bounds the voided ranges of one run.
const maxVoids = 500

// VoidSerials declares that labels are not valid: spoiled, lost or never used. The organisation's own
// people and officials may. First and last must be of the same run; the same range voided twice is
// voided once.
func (l *Ledger) VoidSerials(ctx context.Context, by Actor, d VoidDraft) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.VoidSerials(%q)", d.Batch)
	if by.Role == "" || by.Role == Buyer {
		return 0, by.denied()
	}
	b, err := batches.get(ctx, l, d.Batch)
	if err != nil {
		return 0, err
	}
	o, err := organisations.get(ctx, l, b.Doc.Organisation)
	if err != nil {
		return 0, err
	}
	if !by.mayWrite(&o.Doc) && !by.mayJudge(&o.Doc) {
		return 0, by.denied()
	}
	var p fault.Problem
	reason := p.Paragraph("/reason", d.Reason, maxText, true)
	if strings.TrimSpace(d.To) == "" {
		d.To = d.From
	}
	var runs [2]*Stored[SerialRun]
	var at [2]int
	for i, end := range []struct{ pointer, serial string }{{"/from", d.From}, {"/to", d.To}} {
		if runs[i], at[i], err = l.serialRun(ctx, &b.Doc, end.serial); err != nil {
			return 0, err
		}
		switch {
		case strings.TrimSpace(end.serial) == "":
			p.Add(end.pointer, "missing")
		case runs[i] == nil:
			p.Add(end.pointer, "serial_unknown", short(end.serial))
		}
	}
	if runs[0] != nil && runs[1] != nil && runs[0].Doc.First != runs[1].Doc.First {
		p.Add("/to", "serial_other_run")
	}
	if err := p.Err(); err != nil {
		return 0, err
	}
	from, to := min(at[0], at[1]), max(at[0], at[1])
	key := serialRunKey(b.Doc.Product, runs[0].Doc.First)
	_, err = serialRuns.update(ctx, l, by, key, 0, "void", reason, func(r *SerialRun) error {
		if slices.ContainsFunc(r.Voids, func(v SerialVoid) bool { return v.From <= from && to <= v.To }) {
			return nil
		}
		if len(r.Voids) >= maxVoids {
			p.Add("/from", "too_many", maxVoids)
			return p.Err()
		}
		r.Voids = append(r.Voids, SerialVoid{From: from, To: to, Reason: reason, At: l.stamp(), By: by})
		return nil
	})
	return to - from + 1, err
}
