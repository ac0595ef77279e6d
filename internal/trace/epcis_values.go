package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// EventField is something that events are listed by under an address of its own.
type EventField string

// The fields.
const (
	EventTypeField   EventField = "eventTypes"
	EPCField         EventField = "epcs"
	BizStepField     EventField = "bizSteps"
	BizLocationField EventField = "bizLocations"
	ReadPointField   EventField = "readPoints"
	DispositionField EventField = "dispositions"
)

// eventValue is a value that an organisation's events have in a field: what lists of values are read
// from. There are few for each organisation; identifiers of things, of which there are many, are read from
// the events themselves.
type eventValue struct {
	Field EventField `json:"field"`
	Org   string     `json:"organisation,omitempty"`
	Value string     `json:"value"`
}

var eventValues = store.Table[eventValue]{
	Kind: "event_value",
	Key: func(v *eventValue) string {
		sum := sha256.Sum256([]byte(v.Value))
		return string(v.Field) + "/" + v.Org + "/" + hex.EncodeToString(sum[:])
	},
	Sort:  func(v *eventValue) string { return shortSort(v.Value) },
	Terms: func(v *eventValue) []string { return []string{"field=" + string(v.Field), fieldTerm(v.Field, v.Org)} },
}

func fieldTerm(f EventField, org string) string { return "field+org=" + string(f) + "+" + org }

// shortSort is what a value is ordered by.
func shortSort(s string) string {
	const longest = 500
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

// knownValues remembers which values are written, so that the thousandth event at a place asks nothing.
type knownValues struct {
	mu   sync.Mutex
	keys map[string]bool
}

const maxKnownValues = 20_000

func (k *knownValues) has(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[key]
}

func (k *knownValues) add(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil || len(k.keys) >= maxKnownValues {
		k.keys = map[string]bool{}
	}
	k.keys[key] = true
}

// fileValues writes the values that an event has and no event of its organisation had before. It is done
// before the event is written: a value may then belong to no event yet, but none is missing.
func (l *Ledger) fileValues(ctx context.Context, e *Event) error {
	ev, err := epcis.DecodeEvent(e.EPCIS)
	if err != nil {
		return nil // an event that says nothing
	}
	values := []eventValue{{ReadPointField, e.Org, ev.ReadPoint}, {BizLocationField, e.Org, ev.BizLocation}}
	for _, v := range []eventValue{{EventTypeField, e.Org, ev.Type}, {BizStepField, e.Org, ev.BizStep}, {DispositionField, e.Org, ev.Disposition}} {
		if epcis.OwnWord(v.Value) {
			values = append(values, v)
		}
	}
	for i := range values {
		v := &values[i]
		if v.Value == "" {
			continue
		}
		key := eventValues.Key(v)
		if l.values.has(key) {
			continue
		}
		if err := eventValues.Insert(ctx, l.DB, v); err != nil && !errors.Is(err, fault.Exists) {
			return err
		}
		l.values.add(key)
	}
	return nil
}

// EventValues answers a page of the values that the events which the actor may see have in a field, with
// the standard words first where there are such. after is empty for the first page. Identifiers of things
// come in the order of their events; one that later events name again is on later pages again.
func (l *Ledger) EventValues(ctx context.Context, by Actor, f EventField, after string, size int) (values []string, next string, err error) {
	defer fault.Wrap(&err, "Ledger.EventValues(%q)", f)
	s, err := l.sightOf(ctx, by)
	if err != nil {
		return nil, "", err
	}
	size = min(max(size, 1), MaxEventPage)
	at, err := parseContinued(after)
	if err != nil {
		return nil, "", err
	}
	standard := map[EventField][]string{
		EventTypeField: epcis.EventTypes(), BizStepField: epcis.BizSteps(), DispositionField: epcis.Dispositions(),
	}[f]
	if at.After == "" && at.Given < len(standard) {
		to := min(at.Given+size, len(standard))
		values = append(values, standard[at.Given:to]...)
		if to < len(standard) || !s.public {
			next = continued{Given: to}.String()
		}
		if to < len(standard) || len(values) == size || s.public {
			return values, next, nil
		}
		at.Given, size = 0, size-len(values)
	}
	var own []string
	switch {
	case f == EPCField || s.public:
		own, next, err = l.valuesInEvents(ctx, s, f, at, size)
	default:
		own, next, err = l.valuesOnFile(ctx, s, f, at, size)
	}
	if next != "" && len(standard) > 0 {
		next = behind(next, len(standard))
	}
	return append(values, own...), next, err
}

// behind makes a continuation one that is past the standard words.
func behind(next string, standard int) string {
	c, err := parseContinued(next)
	if err != nil {
		return next
	}
	c.Given = max(c.Given, standard)
	return c.String()
}

func (l *Ledger) valuesOnFile(ctx context.Context, s sight, f EventField, at continued, size int) (values []string, next string, err error) {
	q := store.Query{Term: "field=" + string(f), After: at.After, Limit: size}
	if s.orgs != nil {
		q.Term, q.Any = "", []string{}
		for _, org := range s.orgs {
			q.Any = append(q.Any, fieldTerm(f, org))
		}
		if len(q.Any) == 0 {
			return nil, "", nil
		}
	}
	rows, more, err := eventValues.Find(ctx, l.DB, q)
	if err != nil {
		return nil, "", err
	}
	may := func(string) bool { return true }
	if s.by.Role == Official && s.orgs == nil {
		all := make([]Event, len(rows))
		for i := range rows {
			all[i].Org = rows[i].Value.Org
		}
		sees, err := l.overseen(ctx, s, all)
		if err != nil {
			return nil, "", err
		}
		may = func(org string) bool { return sees(&Event{Org: org}) }
	}
	for _, row := range rows {
		// Several organisations may have a place in common; their records stand side by side.
		if may(row.Value.Org) && !slices.Contains(values, row.Value.Value) {
			values = append(values, row.Value.Value)
		}
	}
	if more != "" {
		next = continued{After: more}.String()
	}
	return values, next, nil
}

// valuesInEvents reads values from the events that the actor sees.
func (l *Ledger) valuesInEvents(ctx context.Context, s sight, f EventField, at continued, size int) (values []string, next string, err error) {
	of := map[EventField]func(e *epcis.Event) []string{
		EPCField:         (*epcis.Event).Identifiers,
		ReadPointField:   func(e *epcis.Event) []string { return []string{e.ReadPoint} },
		BizLocationField: func(e *epcis.Event) []string { return []string{e.BizLocation} },
	}[f]
	if of == nil {
		return nil, "", nil
	}
	q, err := epcis.ParseQuery(nil, nil)
	if err != nil {
		return nil, "", err
	}
	seen := map[string]bool{"": true}
	skip := at.Given // of the event behind the cursor, that many are answered
	last := at
	looked, end, err := l.lookThrough(ctx, s, q, at.After, maxLooked, size, func(found foundEvent) bool {
		list := of(found.said)
		for i := min(skip, len(list)); i < len(list); i++ {
			if seen[list[i]] {
				continue
			}
			if len(values) == size {
				next = continued{After: last.After, Given: i}.String()
				return false
			}
			seen[list[i]] = true
			values = append(values, list[i])
		}
		skip = 0
		last = continued{After: found.position.Cursor()}
		return true
	})
	if err != nil {
		return nil, "", err
	}
	if next == "" && !end {
		next = continued{After: looked}.String()
	}
	return values, next, nil
}
