package trace

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// UnmatchedSum is how often one number or code was asked about in vain over some days.
type UnmatchedSum struct {
	// Text is as in Unmatched.
	Text string
	// Count is how often, on Days different days, the first and the last of them being First and Last.
	Count, Days int
	First, Last Date
}

// UnmatchedList is a page of them.
type UnmatchedList struct {
	Sums []UnmatchedSum
	// Next is the cursor of the page that follows, empty at the end.
	Next string
	// Cut tells that so much was asked that the oldest of it is left out.
	Cut bool
}

// maxUnmatchedRead is how many daily counts one list adds up. They are a few bytes each.
const maxUnmatchedRead = 20_000

// Unmatched answers a page of what was asked in the days from one to another and matches nothing, the most
// asked first. An empty day leaves that side open. Officials and admins may ask. It fails with
// fault.Malformed for a cursor that no page gave out.
func (l *Ledger) Unmatched(ctx context.Context, by Actor, from, to Date, after string, limit int) (list UnmatchedList, err error) {
	defer fault.Wrap(&err, "Ledger.Unmatched(%q, %q)", from, to)
	if by.Role != Admin && by.Role != Official {
		return list, by.denied()
	}
	start := 0
	if after != "" {
		if start, err = strconv.Atoi(after); err != nil || start < 0 || start > maxUnmatchedRead {
			return list, fault.New(fault.Malformed, "cursor")
		}
	}
	q := store.Query{Desc: true, Limit: store.MaxLimit, From: string(from)}
	if to != "" {
		q.To = string(to) + "!" // "!" follows the space after the day
	}
	sums := map[string]*UnmatchedSum{}
	n := 0
	for row, err := range unmatched.All(ctx, l.DB, q) {
		if err != nil {
			return list, err
		}
		if n++; n > maxUnmatchedRead {
			list.Cut = true
			break
		}
		u := row.Value
		sum := sums[u.Text]
		if sum == nil {
			sum = &UnmatchedSum{Text: u.Text, Last: u.Day} // the newest come first
			sums[u.Text] = sum
		}
		sum.Count += u.Count
		sum.Days++
		sum.First = u.Day
	}
	all := make([]UnmatchedSum, 0, len(sums))
	for _, sum := range sums {
		all = append(all, *sum)
	}
	slices.SortFunc(all, func(a, b UnmatchedSum) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Last, a.Last), cmp.Compare(a.Text, b.Text))
	})
	start = min(start, len(all))
	end := min(len(all), start+max(limit, 1))
	list.Sums = all[start:end]
	if end < len(all) {
		list.Next = strconv.Itoa(end)
	}
	return list, nil
}

// NearNumber is a certificate on record whose number differs from what was asked by one slip of the hand.
type NearNumber struct{ ID, Number, Organisation string }

// MaxNear is how many texts NearNumbers looks at in one call.
const MaxNear = 50

// NearNumbers finds, for texts as Unmatched has them, the certificates whose number is one mistyped, missing
// or superfluous digit away, or two neighbours swapped: what was asked is then likely mistyped rather than
// forged. Officials and admins may ask; of more than MaxNear texts the first are looked at.
func (l *Ledger) NearNumbers(ctx context.Context, by Actor, texts []string) (_ map[string][]NearNumber, err error) {
	defer fault.Wrap(&err, "Ledger.NearNumbers(%d)", len(texts))
	if by.Role != Admin && by.Role != Official {
		return nil, by.denied()
	}
	of := map[string][]string{} // the texts by the key of what they may have meant
	for _, text := range texts[:min(len(texts), MaxNear)] {
		for _, fold := range slips(text) {
			key := numberKey(fold)
			of[key] = append(of[key], text)
		}
	}
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	near := map[string][]string{} // ids by text
	var ids []string
	for part := range slices.Chunk(keys, store.MaxLimit) {
		led, err := l.led(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, key := range part {
			for _, text := range of[key] {
				near[text] = append(near[text], led[key]...)
				ids = append(ids, led[key]...)
			}
		}
	}
	found, err := certificates.many(ctx, l, unique(ids))
	if err != nil {
		return nil, err
	}
	out := map[string][]NearNumber{}
	for text, ids := range near {
		for _, id := range unique(ids) {
			c, ok := found[id]
			if ok && c.Doc.Status != CertDraft && c.Doc.Status != CertRejected && slices.Contains(slips(text), FoldNumber(c.Doc.Number)) {
				out[text] = append(out[text], NearNumber{ID: id, Number: c.Doc.Number, Organisation: c.Doc.Organisation})
			}
		}
	}
	return out, nil
}

// slips are the folded numbers that somebody may have meant who typed another, each once. Look-alike letters
// are folded already, so only digits are in doubt, and the order of neighbours.
func slips(fold string) (out []string) {
	const longest = 40
	if len(fold) < 4 || len(fold) > longest || strings.HasPrefix(fold, "#") || strings.HasPrefix(fold, "/") {
		return nil
	}
	digit := func(i int) bool { return i >= 0 && i < len(fold) && fold[i] >= '0' && fold[i] <= '9' }
	for i := range len(fold) + 1 {
		if digit(i) {
			for d := byte('0'); d <= '9'; d++ {
				out = append(out, fold[:i]+string(d)+fold[i+1:])
			}
			out = append(out, fold[:i]+fold[i+1:])
		}
		if digit(i-1) || digit(i) {
			for d := byte('0'); d <= '9'; d++ {
				out = append(out, fold[:i]+string(d)+fold[i:])
			}
		}
		if i+1 < len(fold) {
			out = append(out, fold[:i]+fold[i+1:i+2]+fold[i:i+1]+fold[i+2:])
		}
	}
	return slices.DeleteFunc(unique(out), func(s string) bool { return s == fold })
}
