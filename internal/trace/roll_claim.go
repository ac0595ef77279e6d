package trace

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// RollState is what holds for a label of a roll.
type RollState string

// The states of a label. An entry of a roll makes all labels from one number to another one of these.
const (
	RollFree    RollState = "free"    // belongs to no lot, or no longer
	RollClaimed RollState = "claimed" // belongs to a lot
	RollVoided  RollState = "voided"  // spoiled, lost or never to be used
)

// RollStates lists the states.
var RollStates = []RollState{RollFree, RollClaimed, RollVoided}

// RollEntry is what somebody noted of a stretch of a roll.
type RollEntry struct {
	ID   string    `json:"id"`
	Kind RollState `json:"kind"`
	// From and To are numbers of labels; both belong to the stretch.
	From int `json:"from"`
	To   int `json:"to"`
	// Batch and Organisation are those of the lot: the one that claims, or whose claim is corrected or
	// whose labels are voided. Several lots' labels are voided by several entries.
	Batch        string    `json:"batch,omitempty"`
	Organisation string    `json:"organisation,omitempty"`
	Reason       string    `json:"reason,omitempty"`
	At           time.Time `json:"at"`
	By           Actor     `json:"by"`
}

// Labels is how many labels the stretch has.
func (e RollEntry) Labels() int { return e.To - e.From + 1 }

// at is the entry that holds for a label, one of RollFree without an ID if there is none.
func (r *Roll) at(number int) RollEntry {
	for _, e := range slices.Backward(r.Entries) {
		if e.From <= number && number <= e.To {
			return e
		}
	}
	return RollEntry{Kind: RollFree, From: 1, To: r.Count}
}

// Spans cuts the roll from its first label to its last into stretches for which one entry holds.
func (r *Roll) Spans() (out []RollEntry) {
	starts := []int{1}
	for _, e := range r.Entries {
		starts = append(starts, e.From, e.To+1)
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	for i, from := range starts {
		if from > r.Count {
			break
		}
		to := r.Count
		if i+1 < len(starts) {
			to = starts[i+1] - 1
		}
		e := r.at(from)
		if n := len(out); n > 0 && out[n-1].ID == e.ID && out[n-1].Kind == e.Kind {
			out[n-1].To = to
			continue
		}
		e.From, e.To = from, to
		out = append(out, e)
	}
	return out
}

// Tally counts the roll's labels by what holds for them.
func (r *Roll) Tally() map[RollState]int {
	n := map[RollState]int{}
	for _, s := range r.Spans() {
		n[s.Kind] += s.Labels()
	}
	return n
}

// RollLabel is a label of a roll, as whoever scans it may know it.
type RollLabel struct {
	Code   string
	Roll   string
	Number int
	// State holds for it since At; Batch is the lot that it belongs to or did when it was voided.
	State  RollState
	Batch  string
	Reason string
	At     time.Time
}

// RollLabel finds a label of a roll by its code, for anybody. It fails with fault.NotFound if no roll has
// it.
func (l *Ledger) RollLabel(ctx context.Context, code string) (_ RollLabel, err error) {
	defer fault.Wrap(&err, "Ledger.RollLabel")
	found, err := l.rollLabels(ctx, []string{code})
	if err != nil {
		return RollLabel{}, err
	}
	if len(found) == 0 {
		return RollLabel{}, fault.NotFound
	}
	return found[code].label, nil
}

// rollFound is a label with the roll it is on.
type rollFound struct {
	label RollLabel
	roll  *Roll
}

// rollLabels finds labels by their codes in two questions at most. Codes that no roll has are absent.
func (l *Ledger) rollLabels(ctx context.Context, codes []string) (map[string]rollFound, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	secret, err := l.rollKey(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(codes))
	for i, code := range codes {
		ids[i], _ = rollPlace(secret, code)
	}
	there, err := rolls.many(ctx, l, unique(ids))
	if err != nil {
		return nil, err
	}
	out := map[string]rollFound{}
	for _, code := range codes {
		id, number := rollPlace(secret, code)
		r, ok := there[id]
		if !ok || number > r.Doc.Count {
			continue
		}
		e := r.Doc.at(number)
		out[code] = rollFound{RollLabel{
			Code: code, Roll: id, Number: number, State: e.Kind, Batch: e.Batch, Reason: e.Reason, At: e.At,
		}, &r.Doc}
		if e.Kind == RollFree { // whose it once was is nobody's business
			out[code] = rollFound{RollLabel{Code: code, Roll: id, Number: number, State: e.Kind, At: e.At}, &r.Doc}
		}
	}
	return out, nil
}

// rollSerial looks the code of a roll's label up as the serial number of a lot.
func (l *Ledger) rollSerial(ctx context.Context, b *Batch, code string) (f SerialFound, err error) {
	f.Status = SerialUnknown
	found, err := l.rollLabels(ctx, []string{code})
	label := found[code].label
	if err != nil || label.Batch != b.Code {
		return f, err
	}
	f.Label, f.Status = &label, SerialKnown
	if label.State == RollVoided {
		f.Status, f.Void = SerialVoided, &SerialVoid{Reason: label.Reason, At: label.At}
	}
	return f, nil
}

// findRollLots puts the lots that labels of rolls belong to in the place of the labels' codes. A label that
// belongs to none matches nothing.
func (l *Ledger) findRollLots(ctx context.Context, all []*asked) error {
	var codes []string
	for _, a := range all {
		if len(a.code) == rollCodeLength {
			codes = append(codes, a.code)
		}
	}
	found, err := l.rollLabels(ctx, codes)
	if err != nil {
		return err
	}
	for _, a := range all {
		if len(a.code) == rollCodeLength {
			if f := found[a.code].label; f.State == RollClaimed {
				a.code = f.Batch
			} else {
				a.code = ""
			}
		}
	}
	return nil
}

// RollRange is what is sent about a stretch of a roll, from one label to another. From and To are their
// codes or addresses, in either order; with Roll, numbers on that roll will do.
type RollRange struct {
	Token string `json:"-"`
	Roll  string `json:"-"`
	// From is the first label.
	From string `json:"from"`
	// To may be left out for one label.
	To string `json:"to"`
	// Reason says why, where the range is freed or voided.
	Reason string `json:"reason"`
}

// stretch finds the roll and the numbers that a range means.
func (l *Ledger) stretch(ctx context.Context, p *fault.Problem, d RollRange) (r *Roll, from, to int, err error) {
	if strings.TrimSpace(d.To) == "" {
		d.To = d.From
	}
	var codes []string
	ends := [2]string{d.From, d.To}
	for i, text := range ends {
		ends[i] = strings.TrimSpace(text)
		if path, ok := LookupPath(text); ok {
			if code, ok := ParseRollCode(strings.TrimPrefix(path, "/l/")); ok {
				ends[i] = code
				codes = append(codes, code)
			}
		}
	}
	found, err := l.rollLabels(ctx, codes)
	if err != nil {
		return nil, 0, 0, err
	}
	var at [2]int
	var on [2]*Roll
	for i, pointer := range []string{"/from", "/to"} {
		f, known := found[ends[i]]
		n, numeric := strconv.Atoi(ends[i])
		switch {
		case ends[i] == "":
			if i == 0 {
				p.Add(pointer, "missing")
			}
		case known:
			at[i], on[i] = f.label.Number, f.roll
		case d.Roll != "" && numeric == nil:
			st, err := rolls.get(ctx, l, d.Roll)
			if err != nil {
				return nil, 0, 0, err
			}
			if n < 1 || n > st.Doc.Count {
				p.Add(pointer, "roll_number", st.Doc.Count)
				continue
			}
			at[i], on[i] = n, &st.Doc
		case i == 0 || ends[1] != ends[0]:
			p.Add(pointer, "roll_unknown", short(ends[i]))
		}
	}
	if on[0] == nil || on[1] == nil {
		return nil, 0, 0, nil
	}
	if on[0].ID != on[1].ID || d.Roll != "" && on[0].ID != d.Roll {
		p.Add("/to", "roll_other")
		return nil, 0, 0, nil
	}
	return on[0], min(at[0], at[1]), max(at[0], at[1]), nil
}

// RollClaimDraft is what is sent to claim labels for a lot.
type RollClaimDraft struct {
	Token string `json:"-"`
	// From and To are the codes or addresses of the first and the last label that were stuck on.
	From string `json:"from"`
	// To is the last; it may be left out for one label.
	To string `json:"to"`
}

// ClaimRoll makes the labels from one to another those of a lot. Who keeps the lot's records may, from a
// roll of the organisation or of an authority above it. Labels that belong to a lot already, or are voided,
// are refused: a claim is one change of the roll's record, so two never overlap.
func (l *Ledger) ClaimRoll(ctx context.Context, by Actor, batch string, d RollClaimDraft) (e RollEntry, err error) {
	defer fault.Wrap(&err, "Ledger.ClaimRoll(%q)", batch)
	if by.Role == "" || by.Role == Buyer {
		return e, by.denied()
	}
	b, err := batches.get(ctx, l, batch)
	if err != nil {
		return e, err
	}
	o, err := l.keeper(ctx, by, b.Doc.Organisation)
	if err != nil {
		return e, err
	}
	if b.Doc.State == Recalled || b.Doc.State == Voided {
		return e, wrongState(b.Doc.State)
	}
	var p fault.Problem
	r, from, to, err := l.stretch(ctx, &p, RollRange{From: d.From, To: d.To})
	if err != nil {
		return e, err
	}
	if r != nil && !r.serves(&o) {
		p.Add("/from", "roll_not_yours")
	}
	if err := p.Err(); err != nil {
		return e, err
	}
	e = RollEntry{
		ID: newID("roll_claim", by, d.Token), Kind: RollClaimed, From: from, To: to,
		Batch: b.Doc.Code, Organisation: o.ID, At: l.stamp(), By: by,
	}
	_, err = rolls.update(ctx, l, by, r.ID, 0, "claim", "", func(r *Roll) error {
		if old, ok := r.entry(e.ID); ok {
			e = old
			return nil
		}
		for _, s := range r.Spans() {
			if s.Kind != RollFree && s.From <= to && from <= s.To {
				p := new(fault.Problem)
				code := map[RollState]string{RollClaimed: "roll_taken", RollVoided: "roll_voided"}[s.Kind]
				p.Add("/from", code, max(s.From, from), min(s.To, to))
				return p.Err()
			}
		}
		return r.add(e, maxRollClaims)
	})
	return e, err
}

func (r *Roll) entry(id string) (RollEntry, bool) {
	i := slices.IndexFunc(r.Entries, func(e RollEntry) bool { return e.ID == id })
	if i < 0 {
		return RollEntry{}, false
	}
	return r.Entries[i], true
}

func (r *Roll) add(e RollEntry, most int) error {
	if len(r.Entries) >= most {
		return fault.New(fault.Exists, "roll_full", most)
	}
	r.Entries = append(r.Entries, e)
	return nil
}

// FreeRoll corrects a claim: labels that belong to a lot belong to none from now on, and may be claimed
// anew. It says why, and the claim stays in the roll's history. Who keeps the lot's records may, and who
// decides about its organisation. It answers how many labels.
func (l *Ledger) FreeRoll(ctx context.Context, by Actor, d RollRange) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.FreeRoll")
	return l.markRoll(ctx, by, d, RollFree, "free")
}

// VoidRoll declares that labels are not valid: spoiled, lost or never used; a scan says so, with the
// reason. Labels of a lot are voided by who keeps its records, those of none by who manages the roll. It
// answers how many labels.
func (l *Ledger) VoidRoll(ctx context.Context, by Actor, d RollRange) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.VoidRoll")
	return l.markRoll(ctx, by, d, RollVoided, "void")
}

// markRoll adds an entry for each stretch within a range that is not yet what it is to be.
func (l *Ledger) markRoll(ctx context.Context, by Actor, d RollRange, to RollState, action string) (n int, err error) {
	if by.Role == "" || by.Role == Buyer {
		return 0, by.denied()
	}
	var p fault.Problem
	reason := p.Paragraph("/reason", d.Reason, maxText, true)
	r, first, last, err := l.stretch(ctx, &p, d)
	if err != nil {
		return 0, err
	}
	if r != nil {
		if err := l.mayMark(by, r, first, last); err != nil {
			return 0, err
		}
	}
	if err := p.Err(); err != nil {
		return 0, err
	}
	id := newID("roll_"+action, by, d.Token)
	_, err = rolls.update(ctx, l, by, r.ID, 0, action, reason, func(r *Roll) error {
		n = 0
		if _, ok := r.entry(id + "-1"); ok { // the same submission again
			for _, e := range r.Entries {
				if strings.HasPrefix(e.ID, id+"-") {
					n += e.Labels()
				}
			}
			return nil
		}
		var fresh []RollEntry
		for _, s := range r.Spans() {
			if s.To < first || s.From > last || s.Kind == to {
				continue
			}
			if to == RollFree && s.Kind == RollVoided {
				p := new(fault.Problem)
				p.Add("/from", "roll_voided", max(s.From, first), min(s.To, last))
				return p.Err()
			}
			e := RollEntry{
				ID: id + "-" + strconv.Itoa(len(fresh)+1), Kind: to, From: max(s.From, first), To: min(s.To, last),
				Batch: s.Batch, Organisation: s.Organisation, Reason: reason, At: l.stamp(), By: by,
			}
			fresh = append(fresh, e)
			n += e.Labels()
		}
		if len(fresh) == 0 {
			p := new(fault.Problem)
			p.Add("/from", "roll_nothing")
			return p.Err()
		}
		for _, e := range fresh {
			if err := r.add(e, maxRollEntries); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// mayMark refuses who may not decide about each label of a stretch.
func (l *Ledger) mayMark(by Actor, r *Roll, first, last int) error {
	if r.managedBy(by) {
		return nil
	}
	for _, s := range r.Spans() {
		if s.From <= last && first <= s.To && (s.Kind != RollClaimed || !by.memberOf(s.Organisation)) {
			return by.denied()
		}
	}
	return nil
}

// RollClaims answers the stretches of rolls that belong to a lot, to those who may read its records.
func (l *Ledger) RollClaims(ctx context.Context, by Actor, batch string) (out []RollSpan, err error) {
	defer fault.Wrap(&err, "Ledger.RollClaims(%q)", batch)
	if by.Role == Buyer {
		return nil, by.denied()
	}
	b, err := l.Batch(ctx, by, batch)
	if err != nil {
		return nil, err
	}
	found, _, err := rolls.find(ctx, l, store.Query{Term: "batch=" + b.Doc.Code, Limit: store.MaxLimit})
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		for _, s := range r.Doc.Spans() {
			if s.Batch == b.Doc.Code && s.Kind == RollClaimed {
				out = append(out, RollSpan{Roll: r.Doc.ID, Name: r.Doc.Name, RollEntry: s})
			}
		}
	}
	return out, nil
}

// RollSpan is a stretch of a roll that belongs to a lot.
type RollSpan struct {
	// Roll and Name are the roll's.
	Roll string `json:"roll"`
	Name string `json:"name"`
	RollEntry
}

// WithRolls adds the labels that a lot claimed from rolls to what was printed for it.
func (b PrintBalance) WithRolls(claims []RollSpan) PrintBalance {
	for _, c := range claims {
		b.Claimed += c.Labels()
	}
	return b
}
