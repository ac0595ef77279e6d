package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Unmatched is a number or code that somebody asked about and that matches nothing: mistyped, or forged.
type Unmatched struct {
	// Day is the day on which it was asked.
	Day Date `json:"day"`
	// Text is its folded form, at most 40 characters. What might be somebody's telephone or identity number
	// or address is kept as a fingerprint, "#" and twelve hexadecimal digits.
	Text string `json:"text"`
	// Count is how often it was asked that day.
	Count int `json:"count"`
}

var unmatched = store.Table[Unmatched]{
	Kind:  "unmatched",
	Key:   func(u *Unmatched) string { return string(u.Day) + "/" + u.Text },
	Sort:  func(u *Unmatched) string { return fmt.Sprintf("%s %09d", u.Day, min(u.Count, 999_999_999)) },
	Terms: func(*Unmatched) []string { return nil },
}

// unmatchedQueue counts in memory until FlushUnmatched writes: no visitor waits for it.
type unmatchedQueue struct {
	sync.Mutex
	counts map[Unmatched]int // by day and text, Count being 0
}

// maxUnmatched bounds the different texts that wait to be written. What comes beyond is not counted.
const maxUnmatched = 1000

func (l *Ledger) countUnmatched(query string) {
	key := Unmatched{Day: l.Today(), Text: unmatchedText(query)}
	if key.Text == "" {
		return
	}
	q := &l.unmatched
	q.Lock()
	defer q.Unlock()
	if _, ok := q.counts[key]; !ok && len(q.counts) >= maxUnmatched {
		return
	}
	if q.counts == nil {
		q.counts = map[Unmatched]int{}
	}
	q.counts[key]++
}

// unmatchedText is what is kept of a query: enough to recognise a forged number, nothing about a person.
func unmatchedText(query string) string {
	fold := FoldNumber(query)
	if fold == "" {
		return ""
	}
	if path, ok := LookupPath(query); ok && len(path) <= 100 {
		return path // a lot's code or link that was never given
	}
	digits, letters := 0, 0
	for _, r := range query {
		if unicode.IsDigit(r) {
			digits++
		} else if unicode.IsLetter(r) {
			letters++
		}
	}
	// A telephone or identity number has 9 to 12 digits and no letter; a name has no digit; an address on
	// the web may hold anything.
	personal := letters == 0 && digits >= 9 && digits <= 12 || digits == 0 || strings.ContainsAny(query, "@:") || len([]rune(fold)) > 40
	if personal {
		sum := sha256.Sum256([]byte(fold))
		return "#" + hex.EncodeToString(sum[:6])
	}
	return fold
}

// FlushUnmatched writes what was counted since the last call. The program calls it every few seconds and
// when it stops. What cannot be written is kept for the next call.
func (l *Ledger) FlushUnmatched(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "Ledger.FlushUnmatched")
	q := &l.unmatched
	q.Lock()
	counts := q.counts
	q.counts = nil
	q.Unlock()
	for key, n := range counts {
		if err == nil {
			fresh := key
			_, err = put(ctx, l, unmatched, unmatched.Key(&key), fresh, func(u *Unmatched) error {
				u.Count += n
				return nil
			})
			if err == nil {
				continue
			}
		}
		q.Lock()
		if q.counts == nil {
			q.counts = map[Unmatched]int{}
		}
		if _, ok := q.counts[key]; ok || len(q.counts) < maxUnmatched {
			q.counts[key] += n
		}
		q.Unlock()
	}
	return err
}
