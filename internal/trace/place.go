package trace

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// PlaceType tells what a place is used for.
type PlaceType string

// The types of place.
const (
	Plot       PlaceType = "plot"
	Packhouse  PlaceType = "packhouse"
	Processing PlaceType = "processing"
	Warehouse  PlaceType = "warehouse"
	Shop       PlaceType = "shop"
)

// PlaceTypes lists the types in the order in which they are offered.
var PlaceTypes = []PlaceType{Plot, Packhouse, Processing, Warehouse, Shop}

// Place is where something grows or is handled.
type Place struct {
	ID           string    `json:"id"`
	Organisation string    `json:"organisation"`
	Type         PlaceType `json:"type"`
	// Name is how the organisation calls the place. A plot's name often is a household's, so it stays
	// off public pages (Luật BVDLCN 91/2025).
	Name      string `json:"name"`
	Address   string `json:"address"`
	AdminUnit string `json:"adminUnit"`
	// GLN and GLNExtension are the traceability code of the place: GS1 keys 414 and 254.
	GLN          string `json:"gln,omitempty"`
	GLNExtension string `json:"glnExtension,omitempty"`
	// GrowingAreaCode is the mã số vùng trồng as it is written on its certificate. It is opaque: the
	// geography in it is that of before July 2025.
	GrowingAreaCode string `json:"growingAreaCode,omitempty"`
	// AreaHa is the area in hectares.
	AreaHa Amount `json:"areaHa,omitempty"`
	// Geometry is a GeoJSON Point, Polygon or MultiPolygon in WGS 84; it is not public.
	Geometry json.RawMessage `json:"geometry,omitempty"`
	// Household is the id of the household that farms a plot.
	Household string `json:"household,omitempty"`
}

// PlaceDraft is what is sent to register or change a place.
type PlaceDraft struct {
	Token           string          `json:"-"`
	Organisation    string          `json:"organisation"`
	Type            string          `json:"type"`
	Name            string          `json:"name"`
	Address         string          `json:"address"`
	AdminUnit       string          `json:"adminUnit"`
	GLN             string          `json:"gln"`
	GLNExtension    string          `json:"glnExtension"`
	GrowingAreaCode string          `json:"growingAreaCode"`
	AreaHa          Decimal         `json:"areaHa"`
	Geometry        json.RawMessage `json:"geometry"`
	Household       string          `json:"household"`
}

// Draft returns the draft that would leave the place as it is.
func (pl *Place) Draft() PlaceDraft {
	d := PlaceDraft{
		Organisation: pl.Organisation, Type: string(pl.Type), Name: pl.Name, Address: pl.Address,
		AdminUnit: pl.AdminUnit, GLN: pl.GLN, GLNExtension: pl.GLNExtension,
		GrowingAreaCode: pl.GrowingAreaCode, Geometry: pl.Geometry, Household: pl.Household,
	}
	if pl.AreaHa != 0 {
		d.AreaHa = Decimal(pl.AreaHa.String())
	}
	return d
}

// RegisterPlace adds a place of an organisation.
func (l *Ledger) RegisterPlace(ctx context.Context, by Actor, d PlaceDraft) (s Stored[Place], err error) {
	defer fault.Wrap(&err, "Ledger.RegisterPlace(%q)", d.Name)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	pl, err := l.place(ctx, &o, d)
	if err != nil {
		return s, err
	}
	pl.ID = newID("place", by, d.Token)
	s, err = places.insert(ctx, l, by, "register", pl)
	return s, sameSubmission(d.Token, s.Doc, pl, err)
}

// UpdatePlace changes a place; rev is the revision the actor saw.
func (l *Ledger) UpdatePlace(ctx context.Context, by Actor, id string, rev int64, d PlaceDraft) (s Stored[Place], err error) {
	defer fault.Wrap(&err, "Ledger.UpdatePlace(%q)", id)
	old, err := l.Place(ctx, by, id)
	if err != nil {
		return s, err
	}
	o, err := l.keeper(ctx, by, old.Doc.Organisation)
	if err != nil {
		return s, err
	}
	pl, err := l.place(ctx, &o, d)
	if err != nil {
		return s, err
	}
	pl.ID = id
	return places.update(ctx, l, by, id, rev, "change", "", func(old *Place) error {
		*old = pl
		return nil
	})
}

func (l *Ledger) place(ctx context.Context, o *Organisation, d PlaceDraft) (Place, error) {
	var p fault.Problem
	pl := Place{
		Organisation:    o.ID,
		Type:            PlaceType(choice(&p, "/type", d.Type, PlaceTypes)),
		Name:            p.Text("/name", d.Name, maxName, true),
		Address:         p.Text("/address", d.Address, maxName, true),
		AdminUnit:       p.Text("/adminUnit", d.AdminUnit, 40, true),
		GLN:             p.Text("/gln", d.GLN, 13, false),
		GLNExtension:    p.Text("/glnExtension", d.GLNExtension, 20, false),
		GrowingAreaCode: p.Text("/growingAreaCode", d.GrowingAreaCode, 60, false),
		AreaHa:          amount(&p, "/areaHa", d.AreaHa, false),
		Geometry:        geometry(&p, "/geometry", d.Geometry),
		Household:       strings.TrimSpace(d.Household),
	}
	checkGLN(&p, "/gln", pl.GLN, o)
	if pl.GLNExtension != "" && pl.GLN == "" {
		p.Add("/gln", "missing")
	}
	if pl.GLNExtension != "" && !gs1.ValidHouseLot(pl.GLNExtension) {
		p.Add("/glnExtension", "code_characters")
	}
	if err := l.checkMember(ctx, &p, o.ID, pl.Household); err != nil {
		return pl, err
	}
	if pl.AdminUnit != "" {
		_, err := l.unitPath(ctx, pl.AdminUnit)
		if err := found(&p, "/adminUnit", "unit_unknown", err); err != nil {
			return pl, err
		}
	}
	return pl, p.Err()
}

// Place answers a place to those who may see its organisation's records.
func (l *Ledger) Place(ctx context.Context, by Actor, id string) (s Stored[Place], err error) {
	defer fault.Wrap(&err, "Ledger.Place(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	s, err = places.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// Places answers a page of an organisation's places, newest first.
func (l *Ledger) Places(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Place], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Places(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return places.find(ctx, l, q)
}

// readable fails unless the actor may see an organisation's own records.
func (l *Ledger) readable(ctx context.Context, by Actor, org string) error {
	if by.Role == Admin || by.memberOf(org) {
		return nil
	}
	if by.Role != Official {
		return by.denied()
	}
	o, err := organisations.get(ctx, l, org)
	if err != nil {
		return err
	}
	if !by.mayRead(&o.Doc) {
		return by.denied()
	}
	return nil
}

// listOf is the question for a page of an organisation's records, newest first. Without an
// organisation it asks for the actor's own; an admin and an official then ask for all they oversee.
func (l *Ledger) listOf(ctx context.Context, by Actor, org, after string, limit int) (store.Query, error) {
	q := store.Query{Desc: true, After: after, Limit: limit}
	if org == "" {
		org = by.Org
	}
	switch {
	case org != "":
		err := l.readable(ctx, by, org)
		if errors.Is(err, fault.NotFound) {
			err = by.denied()
		}
		q.Term = "org=" + org
		return q, err
	case by.Role == Admin:
		return q, nil
	default:
		return q, by.denied()
	}
}

// sameSubmission forgives that a record exists if it is what the same submission, sent before, made.
func sameSubmission[T any](token string, there, wanted T, err error) error {
	if errors.Is(err, fault.Exists) && token != "" {
		if len(differences(members(there), members(wanted))) == 0 {
			return nil
		}
		return fault.New(fault.Exists, "token_reused")
	}
	return err
}
