package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// NamedQuery is a query that is kept under a name.
type NamedQuery struct {
	Name string `json:"name"`
	// Owner is the organisation or, of those who belong to none, the actor whose query it is.
	Owner string    `json:"owner"`
	By    Actor     `json:"by"`
	At    time.Time `json:"at"`
	// Query is the query as it was sent, a JSON object.
	Query json.RawMessage `json:"query"`
}

var namedQueries = store.Table[NamedQuery]{
	Kind:  "epcis_query",
	Key:   func(q *NamedQuery) string { return q.Owner + "/" + q.Name },
	Sort:  func(q *NamedQuery) string { return shortSort(q.Name) },
	Terms: func(q *NamedQuery) []string { return []string{"owner=" + q.Owner} },
}

// The bounds of named queries.
const (
	maxQueryName  = 100
	maxQueryBytes = 64 << 10
	// MaxNamedQueries is how many queries one owner keeps at most.
	MaxNamedQueries = 200
)

// queryOwner is whose queries the actor sees and keeps: an organisation's people share theirs.
func (a Actor) queryOwner() (string, error) {
	switch {
	case a.Role == "":
		return "", a.denied()
	case a.Org != "":
		return "org:" + a.Org, nil
	}
	return "actor:" + a.ID, nil
}

// NameQuery keeps a query under a name. What a query answers is what whoever asks may see. A name that is
// taken is fault.Exists; a query that is none is fault.Malformed and names its faults.
func (l *Ledger) NameQuery(ctx context.Context, by Actor, name string, query json.RawMessage) (q NamedQuery, err error) {
	defer fault.Wrap(&err, "Ledger.NameQuery(%q)", short(name))
	owner, err := by.queryOwner()
	if err != nil {
		return q, err
	}
	p := fault.New(fault.Malformed, "epcis_query")
	tidy := p.Text("/name", name, maxQueryName, true)
	if len(query) > maxQueryBytes {
		return q, fault.New(fault.TooLarge, "query_too_large_text", maxQueryBytes>>10)
	}
	if len(query) == 0 {
		p.Add("/query", "missing")
	} else if _, err := epcis.DecodeQuery(query); err != nil {
		var wrong *fault.Problem
		if !errors.As(err, &wrong) {
			return q, err
		}
		if len(wrong.Fields) == 0 {
			p.Add("/query", wrong.Code)
		}
		for _, f := range wrong.Fields {
			p.Add("/query"+f.Pointer, f.Code, f.Args...)
		}
	}
	if err := p.Err(); err != nil {
		return q, err
	}
	rows, _, err := namedQueries.Find(ctx, l.DB, store.Query{Term: "owner=" + owner, Limit: MaxNamedQueries})
	if err != nil {
		return q, err
	}
	q = NamedQuery{Name: tidy, Owner: owner, By: by, At: l.stamp(), Query: query}
	if len(rows) >= MaxNamedQueries && !slices.ContainsFunc(rows, func(r store.Row[NamedQuery]) bool { return r.Value.Name == tidy }) {
		return q, fault.New(fault.Denied, "queries_full", MaxNamedQueries)
	}
	err = namedQueries.Insert(ctx, l.DB, &q)
	if errors.Is(err, fault.Exists) {
		return q, fault.New(fault.Exists, "query_exists", short(tidy))
	}
	return q, err
}

// QueryNamed answers the query that the actor's organisation keeps under a name, or fault.NotFound.
func (l *Ledger) QueryNamed(ctx context.Context, by Actor, name string) (q NamedQuery, err error) {
	defer fault.Wrap(&err, "Ledger.QueryNamed(%q)", short(name))
	owner, err := by.queryOwner()
	if err != nil {
		return q, err
	}
	row, err := namedQueries.Get(ctx, l.DB, owner+"/"+name)
	return row.Value, err
}

// NamedQueries answers a page of the queries that the actor's organisation keeps, by name.
func (l *Ledger) NamedQueries(ctx context.Context, by Actor, after string, size int) (list []NamedQuery, next string, err error) {
	defer fault.Wrap(&err, "Ledger.NamedQueries")
	owner, err := by.queryOwner()
	if err != nil {
		return nil, "", err
	}
	rows, next, err := namedQueries.Find(ctx, l.DB, store.Query{Term: "owner=" + owner, After: after, Limit: size})
	for _, r := range rows {
		list = append(list, r.Value)
	}
	return list, next, err
}

// ForgetQuery gives up a query. It fails with fault.NotFound.
func (l *Ledger) ForgetQuery(ctx context.Context, by Actor, name string) (err error) {
	defer fault.Wrap(&err, "Ledger.ForgetQuery(%q)", short(name))
	owner, err := by.queryOwner()
	if err != nil {
		return err
	}
	row, err := namedQueries.Get(ctx, l.DB, owner+"/"+name)
	if err != nil {
		return err
	}
	return namedQueries.Delete(ctx, l.DB, row.Key, row.Rev)
}

// spentToken is a continuation of an answer that its holder gave up before its time.
type spentToken struct {
	Key   string    `json:"key"`
	Until time.Time `json:"until"`
}

var spentTokens = store.Table[spentToken]{
	Kind: "spent_token",
	Key:  func(t *spentToken) string { return t.Key },
	Sort: func(t *spentToken) string { return sortTime(t.Until) },
}

func tokenKey(by Actor, token string) string {
	sum := sha256.Sum256([]byte(by.ID + "\x00" + token))
	return hex.EncodeToString(sum[:])
}

// SpendToken makes a continuation of an answer worthless for the actor before it ends at until.
func (l *Ledger) SpendToken(ctx context.Context, by Actor, token string, until time.Time) error {
	if by.Role == "" {
		return by.denied()
	}
	err := spentTokens.Insert(ctx, l.DB, &spentToken{Key: tokenKey(by, token), Until: until})
	if errors.Is(err, fault.Exists) {
		return nil
	}
	return err
}

// TokenSpent reports whether the actor gave up a continuation.
func (l *Ledger) TokenSpent(ctx context.Context, by Actor, token string) (bool, error) {
	_, err := spentTokens.Get(ctx, l.DB, tokenKey(by, token))
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// PruneTokens forgets continuations that would have ended by now, and answers how many.
func (l *Ledger) PruneTokens(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.PruneTokens")
	for row, err := range spentTokens.All(ctx, l.DB, store.Query{To: sortTime(l.now())}) {
		if err != nil {
			return n, err
		}
		if err := spentTokens.Delete(ctx, l.DB, row.Key, row.Rev); err == nil {
			n++
		} else if !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Stale) {
			return n, err
		}
	}
	return n, nil
}
