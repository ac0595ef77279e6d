package trace

import (
	"context"
	"errors"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// CropCycle is one crop on one plot, from planting to clearing: a season of an annual crop, or the years that a
// perennial one stands there. Several crops on one plot are several cycles.
type CropCycle struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Place        string `json:"place"`
	// Crop is the id of a crop in configs/crops.yaml.
	Crop string `json:"crop"`
	// Variety is the variety, as people call it.
	Variety string `json:"variety,omitempty"`
	// SeedSource is where seed or seedlings came from.
	SeedSource string `json:"seedSource,omitempty"`
	// PlantedAt is its first day, empty if not known, as of old trees; ClosedAt is the last day on which
	// anything was harvested, empty while it goes on.
	PlantedAt Date      `json:"plantedAt,omitempty"`
	ClosedAt  Date      `json:"closedAt,omitempty"`
	OpenedAt  time.Time `json:"openedAt"`
	By        Actor     `json:"by"`
}

// CycleDraft is what is sent to open a crop cycle.
type CycleDraft struct {
	Token      string `json:"-"`
	Place      string `json:"place"`
	Crop       string `json:"crop"`
	Variety    string `json:"variety"`
	SeedSource string `json:"seedSource"`
	PlantedAt  string `json:"plantedAt"`
	ClosedAt   string `json:"closedAt"`
}

// Draft returns the draft that would leave the cycle as it is.
func (c *CropCycle) Draft() CycleDraft {
	return CycleDraft{
		Place: c.Place, Crop: c.Crop, Variety: c.Variety, SeedSource: c.SeedSource,
		PlantedAt: string(c.PlantedAt), ClosedAt: string(c.ClosedAt),
	}
}

// covers reports whether the crop stood on the plot on a day.
func (c *CropCycle) covers(day Date) bool {
	return (c.PlantedAt == "" || c.PlantedAt <= day) && (c.ClosedAt == "" || day <= c.ClosedAt)
}

var cycles = affecting(newKind("cycle",
	func(c *CropCycle) string { return c.ID }, func(c *CropCycle) string { return c.Organisation }, byCreation[CropCycle],
	func(c *CropCycle) []string { return []string{"place=" + c.Place, "org=" + c.Organisation} }),
	func(_ *Ledger, c *CropCycle) []string { return []string{"org/" + c.Organisation} })

// OpenCycle begins a crop cycle on a plot.
func (l *Ledger) OpenCycle(ctx context.Context, by Actor, d CycleDraft) (s Stored[CropCycle], err error) {
	defer fault.Wrap(&err, "Ledger.OpenCycle(%q)", d.Place)
	pl, err := l.keptPlace(ctx, by, d.Place)
	if err != nil {
		return s, err
	}
	c, err := l.cycle(&pl, d)
	if err != nil {
		return s, err
	}
	c.ID, c.OpenedAt, c.By = newID("cycle", by, d.Token), l.stamp(), by
	s, err = cycles.insert(ctx, l, by, "open", c)
	if errors.Is(err, fault.Exists) && d.Token != "" && s.Doc.Place == c.Place && s.Doc.Crop == c.Crop {
		return s, nil
	}
	return s, sameSubmission(d.Token, s.Doc, c, err)
}

// UpdateCycle corrects or closes a crop cycle; rev is the revision the actor saw. Plot and crop stay: entries
// have been judged by them. Lots that were released are judged anew.
func (l *Ledger) UpdateCycle(ctx context.Context, by Actor, id string, rev int64, d CycleDraft) (s Stored[CropCycle], err error) {
	defer fault.Wrap(&err, "Ledger.UpdateCycle(%q)", id)
	old, err := l.Cycle(ctx, by, id)
	if err != nil {
		return s, err
	}
	pl, err := l.keptPlace(ctx, by, old.Doc.Place)
	if err != nil {
		return s, err
	}
	d.Crop = old.Doc.Crop
	c, err := l.cycle(&pl, d)
	if err != nil {
		return s, err
	}
	note := rejudge{Key: "cycle-" + id, Place: pl.ID}
	if err := l.noteRejudge(ctx, note); err != nil {
		return s, err
	}
	s, err = cycles.update(ctx, l, by, id, rev, "change", "", func(old *CropCycle) error {
		old.Variety, old.SeedSource, old.PlantedAt, old.ClosedAt = c.Variety, c.SeedSource, c.PlantedAt, c.ClosedAt
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, l.rejudge(ctx, note)
}

func (l *Ledger) cycle(pl *Place, d CycleDraft) (CropCycle, error) {
	var p fault.Problem
	c := CropCycle{
		Organisation: pl.Organisation, Place: pl.ID, Crop: strings.TrimSpace(d.Crop),
		Variety: p.Text("/variety", d.Variety, maxName, false), SeedSource: p.Text("/seedSource", d.SeedSource, maxName, false),
		PlantedAt: date(&p, "/plantedAt", d.PlantedAt), ClosedAt: date(&p, "/closedAt", d.ClosedAt),
	}
	if pl.Type != Plot {
		p.Add("/place", "diary_not_a_plot")
	}
	if _, ok := l.Crops[c.Crop]; c.Crop == "" {
		p.Add("/crop", "missing")
	} else if !ok {
		p.Add("/crop", "not_offered", short(c.Crop))
	}
	for _, day := range []struct {
		pointer string
		day     Date
	}{{"/plantedAt", c.PlantedAt}, {"/closedAt", c.ClosedAt}} {
		if day.day > l.Today() {
			p.Add(day.pointer, "date_in_future", string(day.day))
		}
	}
	if c.ClosedAt != "" && c.ClosedAt < c.PlantedAt {
		p.Add("/closedAt", "date_before", string(c.ClosedAt), string(c.PlantedAt))
	}
	return c, p.Err()
}

// keptPlace reads a place whose diary the actor keeps, and fails unless it may.
func (l *Ledger) keptPlace(ctx context.Context, by Actor, id string) (Place, error) {
	if by.Role == "" || by.Role == Buyer {
		return Place{}, by.denied()
	}
	var p fault.Problem
	if id = strings.TrimSpace(id); id == "" {
		p.Add("/place", "missing")
		return Place{}, p.Err()
	}
	pl, err := places.get(ctx, l, id)
	if err := found(&p, "/place", "place_unknown", err); err != nil {
		return Place{}, err
	}
	if err := p.Err(); err != nil {
		return Place{}, err
	}
	_, err = l.keeper(ctx, by, pl.Doc.Organisation)
	return pl.Doc, err
}

// Cycle answers a crop cycle to those who may see its organisation's records.
func (l *Ledger) Cycle(ctx context.Context, by Actor, id string) (s Stored[CropCycle], err error) {
	defer fault.Wrap(&err, "Ledger.Cycle(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	s, err = cycles.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// Cycles answers a page of crop cycles, newest first: of a place or, if place is empty, of an organisation.
func (l *Ledger) Cycles(ctx context.Context, by Actor, org, place, after string, limit int) (_ []Stored[CropCycle], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Cycles(%q, %q)", org, place)
	q, err := l.placeQuery(ctx, by, org, place, after, limit)
	if err != nil {
		return nil, "", err
	}
	return cycles.find(ctx, l, q)
}

// placeQuery is the question for a page of records of a place or, without one, of an organisation.
func (l *Ledger) placeQuery(ctx context.Context, by Actor, org, place, after string, limit int) (store.Query, error) {
	if place == "" {
		return l.listOf(ctx, by, org, after, limit)
	}
	if _, err := l.Place(ctx, by, place); err != nil {
		return store.Query{}, err
	}
	return store.Query{Term: "place=" + place, Desc: true, After: after, Limit: limit}, nil
}
