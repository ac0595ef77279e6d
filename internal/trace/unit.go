package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// AddUnit records an administrative unit. Only an admin may.
func (l *Ledger) AddUnit(ctx context.Context, by Actor, u Unit) (err error) {
	defer fault.Wrap(&err, "Ledger.AddUnit(%q)", u.Code)
	if by.Role != Admin {
		return by.denied()
	}
	if u, err = l.checkUnit(ctx, u); err != nil {
		return err
	}
	old, err := units.insert(ctx, l, by, "register", u)
	if errors.Is(err, fault.Exists) {
		if len(differences(members(old.Doc), members(u))) > 0 {
			p := fault.New(fault.Exists, "")
			p.Add("/code", "id_taken", u.Code)
			return p
		}
		err = nil
	}
	if err != nil {
		return err
	}
	return l.repath(ctx, by)
}

// ChangeUnit changes a unit: it ends, others take its place, it is renamed. Its code stays, for addresses
// and old records carry it. Only an admin may.
func (l *Ledger) ChangeUnit(ctx context.Context, by Actor, u Unit) (err error) {
	defer fault.Wrap(&err, "Ledger.ChangeUnit(%q)", u.Code)
	if by.Role != Admin {
		return by.denied()
	}
	if _, err := units.get(ctx, l, u.Code); err != nil {
		return err
	}
	if u, err = l.checkUnit(ctx, u); err != nil {
		return err
	}
	if _, err := units.update(ctx, l, by, u.Code, 0, "change", "", func(old *Unit) error { *old = u; return nil }); err != nil {
		return err
	}
	return l.repath(ctx, by)
}

// checkUnit checks a unit.
func (l *Ledger) checkUnit(ctx context.Context, u Unit) (Unit, error) {
	var p fault.Problem
	u.Code = p.Text("/code", u.Code, 40, true)
	u.Name = p.Text("/name", u.Name, maxName, true)
	u.Level = choice(&p, "/level", u.Level, UnitLevels)
	u.ValidFrom = date(&p, "/validFrom", string(u.ValidFrom))
	u.ValidTo = date(&p, "/validTo", string(u.ValidTo))
	if u.ValidTo != "" && u.ValidTo < u.ValidFrom {
		p.Add("/validTo", "date_before", string(u.ValidTo), string(u.ValidFrom))
	}
	if u.Population < 0 {
		p.Add("/population", "amount_malformed")
	}
	all, err := l.Units(ctx)
	if err != nil {
		return u, err
	}
	if u.Parent != "" {
		if _, ok := all[u.Parent]; !ok {
			p.Add("/parent", "unit_unknown")
		} else if path, err := l.unitPath(ctx, u.Parent); err == nil && slices.Contains(path, u.Code) {
			p.Add("/parent", "unit_circle")
		}
	}
	if len(u.Successors) > maxSuccessors {
		p.Add("/successors", "too_many", maxSuccessors)
	}
	u.Successors = unique(u.Successors)
	for i, code := range u.Successors {
		if code == u.Code {
			p.Add(fmt.Sprintf("/successors/%d", i), "unit_circle")
		}
		// A successor may be recorded later than the unit it follows.
		p.Text(fmt.Sprintf("/successors/%d", i), code, 40, true)
	}
	return u, p.Err()
}

// maxSuccessors bounds how many units take the place of one.
const maxSuccessors = 200

// unitPath answers a unit, the former units whose place it has taken, and those above it: all whose
// officials answer for what lies in it. The unit itself is first.
func (l *Ledger) unitPath(ctx context.Context, code string) ([]string, error) {
	all, err := l.Units(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := all[code]; !ok {
		return nil, fault.NotFound
	}
	before := map[string][]string{}
	for _, u := range all {
		for _, s := range u.Successors {
			before[s] = append(before[s], u.Code)
		}
	}
	path := []string{code}
	for i := 0; i < len(path); i++ {
		next := slices.Clone(before[path[i]])
		slices.Sort(next)
		if parent := all[path[i]].Parent; parent != "" {
			next = append(next, parent)
		}
		for _, c := range next {
			if _, ok := all[c]; ok && !slices.Contains(path, c) {
				path = append(path, c)
			}
		}
	}
	return path, nil
}

// repath gives organisations the units that answer for them now. Units change every few years, and there
// are few organisations.
func (l *Ledger) repath(ctx context.Context, by Actor) error {
	for row, err := range organisations.All(ctx, l.DB, store.Query{Limit: 1000}) {
		if err != nil {
			return err
		}
		o := row.Value.Doc
		path, err := l.unitPath(ctx, o.AdminUnit)
		if err != nil {
			return err
		}
		// Also where nothing is left to change: what was cut short may lack its entry in the trail.
		_, err = organisations.update(ctx, l, by, o.ID, 0, "repath", "", func(o *Organisation) error { o.UnitPath = path; return nil })
		if err != nil {
			return err
		}
	}
	return nil
}
