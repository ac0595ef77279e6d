package trace

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// The bounds of one answer to a query.
const (
	// MaxEventPage is how many events one page of an answer holds at most.
	MaxEventPage = 500
	// maxLooked is how many events are looked at for one page. When so many do not fill it, the page is
	// short and the answer goes on behind it.
	maxLooked = 10_000
	// maxCounted is how many events are looked at when all must be known before the first can be
	// answered: to count them, or to order them by what they are not kept in order of.
	maxCounted = 50_000
	// maxOrdered is how many events are put into another order at most.
	maxOrdered = 5_000
	// maxScopeOrgs is how many organisations a question of an official names.
	maxScopeOrgs = 200
	// maxRecordedDays is how many days of recording a question names one by one.
	maxRecordedDays = 62
)

// sight is what an actor sees of the events.
type sight struct {
	by Actor
	// orgs are the organisations whose events the actor sees, if they can be named.
	orgs []string
	// public: only what lots' public pages tell.
	public bool
}

func (l *Ledger) sightOf(ctx context.Context, by Actor) (sight, error) {
	s := sight{by: by}
	switch {
	case by.Role == Admin:
	case by.Role == Buyer:
		s.public = true
	case (by.Role == Manager || by.Role == Staff) && by.Org != "":
		s.orgs = []string{by.Org}
	case by.Role == Official && by.Unit != "":
		rows, more, err := organisations.find(ctx, l, store.Query{Term: "unit=" + by.Unit, Limit: maxScopeOrgs})
		if err != nil {
			return s, err
		}
		if more == "" {
			s.orgs = []string{}
			for _, o := range rows {
				s.orgs = append(s.orgs, o.Doc.ID)
			}
		}
	default:
		return s, by.denied()
	}
	return s, nil
}

// continued says where an answer goes on.
type continued struct {
	// After is the store's cursor; Given is how many events were answered so far.
	After string `json:"a,omitempty"`
	Given int    `json:"n,omitempty"`
}

func (c continued) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseContinued(s string) (c continued, err error) {
	if s == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Given < 0 {
		return c, fault.New(fault.Malformed, "cursor")
	}
	return c, nil
}

// QueryEvents answers a page of the events that answer a query and that the actor may see: an
// organisation its own and what others say of its lots, an official those of the organisations of the
// unit, a buyer what the pages of released lots tell, an admin all. after is empty for the first page and
// then what the page before gave as next, which is empty at the end. A page may be short, even empty,
// and still be followed by others.
//
// More events than the query allows (maxEventCount), or than can be put into its order, are fault.TooLarge
// with the code "query_too_large"; a question that would have to look at too many events to know is
// fault.TooLarge with the code "query_too_complex".
func (l *Ledger) QueryEvents(ctx context.Context, by Actor, q *epcis.Query, after string, size int) (found []epcis.Event, next string, err error) {
	defer fault.Wrap(&err, "Ledger.QueryEvents")
	at, err := parseContinued(after)
	if err != nil {
		return nil, "", err
	}
	s, err := l.sightOf(ctx, by)
	if err != nil {
		return nil, "", err
	}
	size = min(max(size, 1), MaxEventPage)
	if q.Max >= 0 && after == "" {
		if err := l.countUpTo(ctx, s, q); err != nil {
			return nil, "", err
		}
	}
	if q.OrderBy != "" && q.OrderBy != "eventTime" {
		return l.ordered(ctx, s, q, at, size)
	}
	if q.Limit > 0 {
		if size = min(size, q.Limit-at.Given); size <= 0 {
			return nil, "", nil
		}
	}
	var last continued
	looked, end, err := l.lookThrough(ctx, s, q, at.After, maxLooked, size+1, func(f foundEvent) bool {
		if len(found) == size {
			next = last.String()
			return false
		}
		found = append(found, *f.said)
		last = continued{After: f.position.Cursor(), Given: at.Given + len(found)}
		return true
	})
	if err != nil {
		return nil, "", err
	}
	if next == "" && looked != "" && !end {
		next = continued{After: looked, Given: at.Given + len(found)}.String()
	}
	if q.Limit > 0 && at.Given+len(found) >= q.Limit {
		next = ""
	}
	return found, next, nil
}

// countUpTo fails if more events answer the query than it allows.
func (l *Ledger) countUpTo(ctx context.Context, s sight, q *epcis.Query) error {
	n := 0
	_, end, err := l.lookThrough(ctx, s, q, "", maxCounted, q.Max+1, func(foundEvent) bool {
		n++
		return n <= q.Max
	})
	switch {
	case err != nil:
		return err
	case n > q.Max:
		return fault.New(fault.TooLarge, "query_too_large", q.Max)
	case !end:
		return fault.New(fault.TooLarge, "query_too_complex")
	}
	return nil
}

// ordered answers a query whose order is not that in which events are kept: all that answer it are read
// and sorted, each time. That is fault.TooLarge when they are too many.
func (l *Ledger) ordered(ctx context.Context, s sight, q *epcis.Query, at continued, size int) (found []epcis.Event, next string, err error) {
	var all []foundEvent
	_, end, err := l.lookThrough(ctx, s, q, "", maxCounted, MaxEventPage, func(f foundEvent) bool {
		all = append(all, f)
		return len(all) <= maxOrdered
	})
	switch {
	case err != nil:
		return nil, "", err
	case len(all) > maxOrdered:
		return nil, "", fault.New(fault.TooLarge, "query_too_large", maxOrdered)
	case !end:
		return nil, "", fault.New(fault.TooLarge, "query_too_complex")
	}
	slices.SortStableFunc(all, func(a, b foundEvent) int {
		var n int
		if q.OrderBy == "recordTime" {
			n = a.said.RecordTime.Compare(b.said.RecordTime)
		} else {
			n = q.Compare(a.said, b.said)
		}
		n = cmp.Or(n, cmp.Compare(a.position.Sort, b.position.Sort), cmp.Compare(a.position.Key, b.position.Key))
		if !q.Ascending {
			n = -n
		}
		return n
	})
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	from := min(at.Given, len(all))
	if at.After != "" { // events that came since do not shift the page
		if i := slices.IndexFunc(all, func(f foundEvent) bool { return f.position.Key == at.After }); i >= 0 {
			from = i + 1
		}
	}
	to := min(from+size, len(all))
	for _, f := range all[from:to] {
		found = append(found, *f.said)
	}
	if to < len(all) {
		next = continued{After: all[to-1].position.Key, Given: to}.String()
	}
	return found, next, nil
}

// foundEvent is an event that answers a query, as the actor may see it.
type foundEvent struct {
	said     *epcis.Event
	position store.Position
}

// lookThrough goes through the events that may answer a query, in the order of their time, and gives those that
// do to take until that says false. It looks at about budget events at most. end tells that there are no
// more; else looked is the cursor behind the last event that was looked at.
func (l *Ledger) lookThrough(ctx context.Context, s sight, q *epcis.Query, after string, budget, want int, take func(foundEvent) bool) (looked string, end bool, err error) {
	sq := l.drive(s, q)
	sq.After = after
	if sq.Any != nil && len(sq.Any) == 0 {
		return "", true, nil
	}
	sq.Limit = min(max(want, 50), 500)
	for n := 0; n < budget; {
		rows, next, err := events.Find(ctx, l.DB, sq)
		if err != nil {
			return "", false, err
		}
		n += len(rows)
		said, err := l.admit(ctx, s, rows)
		if err != nil {
			return "", false, err
		}
		for i, ev := range said {
			if ev != nil && q.Match(ev) {
				p := store.Position{Sort: events.Sort(&rows[i].Value), Key: rows[i].Key}
				if !take(foundEvent{ev, p}) {
					return "", false, nil
				}
			}
		}
		if next == "" {
			return "", true, nil
		}
		sq.After, sq.Limit = next, min(2*sq.Limit, 500)
	}
	return sq.After, false, nil
}

// drive chooses by what the events are looked up that may answer a query: by what it names of itself, if
// that is more than a word that many events share; then by whose events they are, or the days on which
// they were recorded; then by such words. What remains is asked by time alone.
func (l *Ledger) drive(s sight, q *epcis.Query) store.Query {
	sq := store.Query{Desc: q.OrderBy == "eventTime" && !q.Ascending}
	if !q.From.IsZero() {
		sq.From = sortTime(q.From)
	}
	if !q.To.IsZero() { // times are kept in milliseconds, cut off
		sq.To = sortTime(q.To.Add(time.Millisecond))
	}
	days := l.recordedDays(q)
	switch sets := q.Terms(); {
	case len(sets) > 0 && q.Narrow():
		sq.Any = sets[0]
	case days != nil && (s.orgs == nil || len(days) <= 7):
		sq.Any = days
	case s.orgs != nil:
		sq.Any = prefixed("org=", s.orgs)
	case len(sets) > 0:
		sq.Any = sets[0]
	}
	return sq
}

// recordedDays are the terms of the days on which events that answer the query can have been recorded,
// nil if they are too many.
func (l *Ledger) recordedDays(q *epcis.Query) []string {
	if q.RecordedFrom.IsZero() {
		return nil
	}
	to := l.now().Add(24 * time.Hour)
	if !q.RecordedTo.IsZero() && q.RecordedTo.Before(to) {
		to = q.RecordedTo
	}
	days := []string{}
	for day := q.RecordedFrom.UTC().Truncate(24 * time.Hour); !day.After(to); day = day.Add(24 * time.Hour) {
		if len(days) == maxRecordedDays {
			return nil
		}
		days = append(days, recordedTerm(day))
	}
	return days
}

// admit answers the events as the actor may see them, nil for those that the actor may not see, in a fixed
// number of questions.
func (l *Ledger) admit(ctx context.Context, s sight, rows []store.Row[record[Event]]) ([]*epcis.Event, error) {
	out := make([]*epcis.Event, len(rows))
	all := make([]Event, len(rows))
	for i := range rows {
		all[i] = rows[i].Value.Doc
	}
	sees, err := l.seen(ctx, s, all)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if !sees[i] {
			continue
		}
		ev, err := epcis.DecodeEvent(all[i].EPCIS)
		if err != nil {
			return nil, err
		}
		if s.public {
			ev = publicEvent(ev)
		}
		out[i] = ev
	}
	return out, nil
}

// seen tells of each event whether the actor sees it.
func (l *Ledger) seen(ctx context.Context, s sight, all []Event) ([]bool, error) {
	sees := make([]bool, len(all))
	settled, err := l.settled(ctx, slices.Clone(all))
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for i := range settled {
		there[eventKey(&settled[i])] = true
	}
	var may func(e *Event) bool
	switch {
	case s.by.Role == Admin:
		may = func(*Event) bool { return true }
	case s.public:
		if may, err = l.published(ctx, all); err != nil {
			return nil, err
		}
	default:
		if may, err = l.overseen(ctx, s, all); err != nil {
			return nil, err
		}
	}
	for i := range all {
		sees[i] = there[eventKey(&all[i])] && may(&all[i])
	}
	return sees, nil
}

// parties are the organisations that an event belongs to.
func (e *Event) parties() []string {
	if e.Captured == nil {
		return []string{e.Org}
	}
	return append([]string{e.Org}, e.Captured.Keepers...)
}

func (l *Ledger) overseen(ctx context.Context, s sight, all []Event) (func(e *Event) bool, error) {
	orgs := s.orgs
	if orgs == nil {
		var ids []string
		for i := range all {
			ids = append(ids, all[i].parties()...)
		}
		found, err := organisations.many(ctx, l, unique(ids))
		if err != nil {
			return nil, err
		}
		for id, o := range found {
			if s.by.oversees(&o.Doc) {
				orgs = append(orgs, id)
			}
		}
	}
	return func(e *Event) bool {
		return slices.ContainsFunc(e.parties(), func(org string) bool { return org != "" && slices.Contains(orgs, org) })
	}, nil
}

// published tells which events the public pages of their lots tell: those that hold, of lots that are on
// the market or were.
func (l *Ledger) published(ctx context.Context, all []Event) (func(e *Event) bool, error) {
	var codes, mistakes []string
	for i := range all {
		e := &all[i]
		if e.Batch == "" || e.Outside() || e.Declared || e.Parties {
			continue
		}
		codes = append(append(codes, e.Batch), e.Lots...)
		if e.Captured != nil {
			codes = append(codes, e.Captured.Lots...)
		}
		declared := *e
		declared.Declared = true
		mistakes = append(mistakes, eventKey(&declared))
	}
	lots, err := batches.many(ctx, l, unique(codes))
	if err != nil {
		return nil, err
	}
	wrong, err := events.many(ctx, l, mistakes)
	if err != nil {
		return nil, err
	}
	released := func(code string) bool {
		b, ok := lots[code]
		return ok && b.Doc.State != Draft
	}
	return func(e *Event) bool {
		if e.Batch == "" || e.Outside() || e.Declared || e.Parties || !released(e.Batch) && !slices.ContainsFunc(e.Lots, released) {
			return false
		}
		if e.Captured != nil && slices.ContainsFunc(e.Captured.Lots, func(code string) bool { return !released(code) }) {
			return false
		}
		declared := *e
		declared.Declared = true
		if _, ok := wrong[eventKey(&declared)]; !ok {
			return true
		}
		// A correction that was taken back leaves a declaration that no longer holds.
		b := lots[e.Batch].Doc
		born, err := l.bornEvents(&b)
		return err == nil && len(born) > 0 && born[0].ID == e.ID
	}, nil
}

// publicEvent is what anybody may see of an event that is on a lot's public page: what happened to what,
// when, where and in which step. Who gave and who got it, the documents between them, what sensors and
// members of one's own say, are left to those concerned.
func publicEvent(e *epcis.Event) *epcis.Event {
	out := &epcis.Event{
		Type: e.Type, EventID: e.EventID, EventTime: e.EventTime, EventTimeZoneOffset: e.EventTimeZoneOffset, RecordTime: e.RecordTime,
		ParentID: e.ParentID, EPCList: e.EPCList, ChildEPCs: e.ChildEPCs, QuantityList: e.QuantityList, ChildQuantityList: e.ChildQuantityList,
		InputEPCList: e.InputEPCList, InputQuantityList: e.InputQuantityList, OutputEPCList: e.OutputEPCList, OutputQuantityList: e.OutputQuantityList,
		TransformationID: e.TransformationID, Action: e.Action, BizStep: e.BizStep, Disposition: e.Disposition,
		PersistentDisposition: e.PersistentDisposition, ReadPoint: e.ReadPoint, BizLocation: e.BizLocation,
	}
	for _, name := range []string{"cbvmda:lotNumber", "cbvmda:harvestStartDate", "cbvmda:harvestEndDate", "cbvmda:bestBeforeDate", "cbvmda:itemExpirationDate"} {
		if v, ok := e.ILMD[name].(string); ok {
			if out.ILMD == nil {
				out.ILMD = epcis.Extensions{}
			}
			out.ILMD[name] = v
		}
	}
	return out
}

// EventsByID answers the event with an identifier and, if there is one, the declaration that it was in
// error, to those who may see them. It fails with fault.NotFound.
func (l *Ledger) EventsByID(ctx context.Context, by Actor, id string) (_ []epcis.Event, err error) {
	defer fault.Wrap(&err, "Ledger.EventsByID(%q)", short(id))
	q, err := epcis.ParseQuery(map[string][]string{"EQ_eventID": {id}}, nil)
	if err != nil { // no identifier at all
		if by.Role == "" {
			return nil, by.denied()
		}
		return nil, fault.NotFound
	}
	found, _, err := l.QueryEvents(ctx, by, q, "", MaxEventPage)
	if err == nil && len(found) == 0 {
		err = fault.NotFound
	}
	return found, err
}

// CompanyPrefixes answers the GS1 company prefixes of the organisations whose identifiers events may
// carry: those under whose number they were recorded.
func (l *Ledger) CompanyPrefixes(ctx context.Context) ([]string, error) {
	rows, _, err := organisations.find(ctx, l, store.Query{Limit: store.MaxLimit})
	if err != nil && !errors.Is(err, fault.NotFound) {
		return nil, err
	}
	var out []string
	for _, o := range rows {
		if p := o.Doc.GS1CompanyPrefix; p != "" {
			out = append(out, p)
		}
	}
	// A longer prefix within a shorter one is the one that is meant.
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	return out, nil
}
