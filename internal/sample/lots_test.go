package sample

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestLots(t *testing.T) {
	w := newWorld(t)
	numbers := map[string]bool{}
	used := map[string]float64{}
	for i := range w.Lots {
		l := &w.Lots[i]
		p := w.products[l.Product]
		if p == nil {
			t.Fatalf("lot %s has an unknown product", l.ID)
		}
		if key := p.ID + "/" + l.Lot; !lotNumber.MatchString(l.Lot) || numbers[key] {
			t.Errorf("lot %s: number %q", l.ID, l.Lot)
		} else {
			numbers[key] = true
		}
		if len(l.Places) == 0 {
			t.Errorf("lot %s has no place", l.ID)
		}
		for _, id := range l.Places {
			if q := w.places[id]; q == nil || q.Organisation != p.Organisation {
				t.Errorf("lot %s: place %s is not its organisation's", l.ID, id)
			}
		}
		if l.Quantity.Value <= 0 || l.Quantity.UOM != p.UOM {
			t.Errorf("lot %s: quantity %v", l.ID, l.Quantity)
		}
		last := Day(-10000)
		for _, d := range []*Day{l.HarvestDate, l.ProductionDate, l.PackagingDate} {
			if d == nil {
				continue
			}
			if *d > -1 || *d < last {
				t.Errorf("lot %s: dates are in the future or out of order", l.ID)
			}
			last = *d
		}
		for _, d := range []*Day{l.BestBeforeDate, l.ExpirationDate} {
			if d != nil && *d <= last {
				t.Errorf("lot %s expires before it is made", l.ID)
			}
		}
		checkSteps(t, w, l)
		for _, in := range l.Inputs {
			from := w.lots[in.Lot]
			if from == nil || in.Quantity.UOM != from.Quantity.UOM {
				t.Errorf("lot %s: input %s", l.ID, in.Lot)
				continue
			}
			used[in.Lot] += in.Quantity.Value
			if ready, begun := from.Steps[len(from.Steps)-1], l.Steps[0]; from.PackagingDate != nil && *from.PackagingDate > begun.Day {
				t.Errorf("lot %s began on %d, before its input was packed (%d)", l.ID, begun.Day, ready.Day)
			}
			if w.owner(from) != p.Organisation {
				checkHandover(t, w, from, l)
			}
		}
	}
	for id, sum := range used {
		if sum > w.lots[id].Quantity.Value {
			t.Errorf("lot %s: %v was used of %v", id, sum, w.lots[id].Quantity.Value)
		}
	}
}

// checkSteps checks that a lot's steps and decisions are possible, in order, in the past, and lead to its state.
func checkSteps(t *testing.T, w world, l *Lot) {
	t.Helper()
	last := ""
	for _, s := range l.Steps {
		oneOf(t, l.ID, s.Step, "harvesting receiving sorting processing drying packing inspecting storing shipping")
		q := w.places[s.Place]
		if q == nil || q.Organisation != w.owner(l) {
			t.Errorf("lot %s: step at %s", l.ID, s.Place)
			continue
		}
		if s.Step == "harvesting" && (q.Type != "plot" || l.HarvestDate == nil || s.Day != *l.HarvestDate) {
			t.Errorf("lot %s is harvested on day %d at %s", l.ID, s.Day, s.Place)
		}
		if s.Step == "packing" && l.PackagingDate != nil && s.Day != *l.PackagingDate {
			t.Errorf("lot %s is packed on day %d", l.ID, s.Day)
		}
		if (s.Step == "shipping" && s.Party == "") || (s.Party != "" && w.parties[s.Party] == nil) {
			t.Errorf("lot %s: %s with party %q", l.ID, s.Step, s.Party)
		}
		if at := when(t, s.Day, s.Time); at < last || s.Day > -1 {
			t.Errorf("lot %s: %s on %d %s is out of order or to come", l.ID, s.Step, s.Day, s.Time)
		} else {
			last = at
		}
	}
	if len(l.Steps) == 0 {
		t.Errorf("lot %s has no step", l.ID)
	}
	state, last := "draft", ""
	for _, c := range l.History {
		oneOf(t, l.ID, c.By, "manager staff")
		next := map[string]string{"release": "released", "hold": "held", "void": "voided"}[c.Action]
		if at := when(t, c.Day, c.Time); next == "" || c.Reason == "" || at < last || c.Day > -1 {
			t.Errorf("lot %s: decision %v", l.ID, c)
		} else {
			last = at
		}
		state = next
		if c.Action == "release" {
			for _, s := range l.Steps {
				if at := when(t, s.Day, s.Time); (s.Step == "shipping" && at < last) || (s.Step == "packing" && at > last) {
					t.Errorf("lot %s: %s on %d does not fit its release on %d %s", l.ID, s.Step, s.Day, c.Day, c.Time)
				}
			}
		}
	}
	for _, r := range w.Recalls {
		if slices.Contains(r.Lots, l.ID) && state == "released" {
			state = "recalled"
		}
	}
	if state != l.State {
		t.Errorf("lot %s is %s, but what happened to it makes it %s", l.ID, l.State, state)
	}
}

// when is a sortable moment. Days are at most five digits before the day of loading.
func when(t *testing.T, d Day, c Clock) string {
	t.Helper()
	if _, err := c.On(d, time.Unix(0, 0).UTC()); err != nil || len(c) != 5 {
		t.Errorf("time %q: %v", c, err)
	}
	return fmt.Sprintf("%06d %s", int(d)+100000, c)
}

// checkHandover checks that goods which became another organisation's were shipped and received by name, in that order.
func checkHandover(t *testing.T, w world, from, to *Lot) {
	t.Helper()
	sent, got := "", ""
	for _, s := range from.Steps {
		if s.Step == "shipping" && w.parties[s.Party].Code == w.owner(to) {
			sent = when(t, s.Day, s.Time)
		}
	}
	for _, s := range to.Steps {
		if s.Step == "receiving" && s.Party != "" && w.parties[s.Party].Code == w.owner(from) {
			got = when(t, s.Day, s.Time)
		}
	}
	if sent == "" || got == "" || got < sent {
		t.Errorf("lot %s became %s: shipped %q, received %q", from.ID, to.ID, sent, got)
	}
}
