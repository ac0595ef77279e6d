package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

var substanceLists = newKind("substance_list",
	func(s *SubstanceList) string { return s.ID }, noOrg[SubstanceList],
	func(r *record[SubstanceList]) string { return string(r.Doc.From) }, nil)

var substances = store.Table[Substance]{
	Kind: "substance",
	Key:  func(s *Substance) string { return fmt.Sprintf("%s/%05d", s.List, s.Row) },
	Sort: func(s *Substance) string { return fold(s.Ingredient) },
	Terms: func(s *Substance) []string {
		terms := []string{"list=" + s.List}
		for _, part := range parts(s.Ingredient) {
			terms = append(terms, "ingredient="+part)
		}
		if s.TradeName != "" {
			terms = append(terms, "trade="+fold(s.TradeName))
		}
		if s.Registration != "" {
			terms = append(terms, "registration="+fold(s.Registration))
		}
		return terms
	},
}

// SubstanceColumns are the columns of a table of substances, by the names in its first row. Only status and one of
// the names have to be there; the order is free.
var SubstanceColumns = []string{"status", "ingredient", "tradeName", "registration", "crop", "phiDays", "maxDose", "doseUnit", "note"}

// maxSubstances bounds the rows of one list.
const maxSubstances = 20_000

// SubstanceImport is a table of substances to be imported as one version.
type SubstanceImport struct {
	Token  string
	Number string
	Title  string
	From   string
	To     string
	// Amendment tells that it changes the full list before it, and does not take its place.
	Amendment bool
	// Sample marks it as made up.
	Sample bool
	// Table is the spreadsheet, the names of the columns first.
	Table [][]string
	// DryRun checks and counts, and writes nothing.
	DryRun bool
}

// SubstanceReport is what an import did or, if it was a dry run, would do.
type SubstanceReport struct {
	List SubstanceList
	// Counts are the rows by status.
	Counts map[SubstanceStatus]int
	// Written tells that the list is in force.
	Written bool
}

// ImportSubstances imports the permitted and banned plant-protection products of one circular. An admin or official
// may. Faults name the rows, "/table/3/phiDays" being that of the fourth line. The list takes effect with the
// last write, so that an import that is cut short changes nothing; the same token goes on with it.
func (l *Ledger) ImportSubstances(ctx context.Context, by Actor, d SubstanceImport) (r SubstanceReport, err error) {
	defer fault.Wrap(&err, "Ledger.ImportSubstances(%q)", d.Number)
	if by.Role != Admin && by.Role != Official {
		return r, by.denied()
	}
	var p fault.Problem
	r.List = SubstanceList{
		ID: newID("substances", by, d.Token), Number: p.Text("/number", d.Number, maxName, true), Title: p.Text("/title", d.Title, maxName, false),
		From: date(&p, "/from", d.From), To: date(&p, "/to", d.To), Amendment: d.Amendment, Sample: d.Sample, ImportedAt: l.stamp(), By: by,
	}
	if strings.TrimSpace(d.From) == "" {
		p.Add("/from", "missing")
	}
	if r.List.To != "" && r.List.To < r.List.From {
		p.Add("/to", "date_before", string(r.List.To), string(r.List.From))
	}
	rows := l.substanceRows(&p, d.Table)
	if err := p.Err(); err != nil {
		return r, err
	}
	r.Counts = map[SubstanceStatus]int{}
	sum := sha256.New()
	for i := range rows {
		rows[i].List = r.List.ID
		r.Counts[rows[i].Status]++
	}
	for _, line := range d.Table {
		_, _ = fmt.Fprintf(sum, "%q\n", line)
	}
	r.List.Rows, r.List.SHA256 = len(rows), hex.EncodeToString(sum.Sum(nil))
	if d.DryRun {
		return r, nil
	}
	for i := range rows {
		if err := substances.Insert(ctx, l.DB, &rows[i]); err != nil && !errors.Is(err, fault.Exists) {
			return r, err
		}
	}
	s, err := substanceLists.insert(ctx, l, by, "import", r.List)
	if errors.Is(err, fault.Exists) && d.Token != "" && s.Doc.SHA256 == r.List.SHA256 {
		err = nil
	}
	r.List, r.Written = s.Doc, err == nil
	return r, err
}

// substanceRows reads the rows of a table.
func (l *Ledger) substanceRows(p *fault.Problem, table [][]string) (out []Substance) {
	if len(table) < 2 || len(table) > maxSubstances+1 {
		p.Add("/table", "substances_rows", maxSubstances)
		return nil
	}
	column := map[string]int{}
	for i, name := range table[0] {
		for _, known := range SubstanceColumns {
			if fold(strings.TrimPrefix(name, "\ufeff")) == fold(known) {
				column[known] = i
			}
		}
	}
	if _, ok := column["status"]; !ok {
		p.Add("/table/0", "column_missing", "status")
		return nil
	}
	if _, ok := column["ingredient"]; !ok {
		p.Add("/table/0", "column_missing", "ingredient")
		return nil
	}
	for i, line := range table[1:] {
		cell := func(name string) string {
			if at, ok := column[name]; ok && at < len(line) {
				return line[at]
			}
			return ""
		}
		if strings.TrimSpace(strings.Join(line, "")) == "" {
			continue
		}
		at := func(name string) string { return fmt.Sprintf("/table/%d/%s", i+1, name) }
		s := Substance{
			Row: i + 1, Status: SubstanceStatus(choice(p, at("status"), fold(cell("status")), SubstanceStatuses)),
			Ingredient: p.Text(at("ingredient"), cell("ingredient"), 500, true), TradeName: p.Text(at("tradeName"), cell("tradeName"), maxName, false),
			Registration: p.Text(at("registration"), cell("registration"), 60, false), Crop: strings.TrimSpace(cell("crop")),
			PHIDays: wholeDays(p, at("phiDays"), Decimal(cell("phiDays")), maxPHI), Note: p.Text(at("note"), cell("note"), maxName, false),
			MaxDose: amount(p, at("maxDose"), Decimal(strings.Replace(cell("maxDose"), ",", ".", 1)), false),
		}
		if _, ok := l.Crops[s.Crop]; s.Crop != "" && !ok {
			p.Add(at("crop"), "not_offered", short(s.Crop))
		}
		if s.MaxDose != 0 {
			s.DoseUnit = choice(p, at("doseUnit"), strings.TrimSpace(cell("doseUnit")), DoseUnits)
		}
		out = append(out, s)
		if len(p.Fields) >= 100 { // enough to begin with
			return nil
		}
	}
	if len(out) == 0 {
		p.Add("/table", "substances_rows", maxSubstances)
	}
	return out
}

// SubstanceLists answers all versions of the lists, the latest first. Lists are law, and public.
func (l *Ledger) SubstanceLists(ctx context.Context) (out []SubstanceList, err error) {
	defer fault.Wrap(&err, "Ledger.SubstanceLists")
	for row, err := range substanceLists.All(ctx, l.DB, store.Query{Desc: true}) {
		if err != nil {
			return nil, err
		}
		out = append(out, row.Value.Doc)
	}
	return out, nil
}

// ListedSubstances answers a page of the rows of a list, by ingredient.
func (l *Ledger) ListedSubstances(ctx context.Context, list, after string, limit int) (out []Substance, next string, err error) {
	defer fault.Wrap(&err, "Ledger.ListedSubstances(%q)", list)
	rows, next, err := substances.Find(ctx, l.DB, store.Query{Term: "list=" + list, After: after, Limit: limit})
	for _, row := range rows {
		out = append(out, row.Value)
	}
	return out, next, err
}

// substancesFor reads the rows of all lists that may be about what was applied.
func (l *Ledger) substancesFor(ctx context.Context, applied []DiaryEntry) (s Substances, err error) {
	if s.Lists, err = l.SubstanceLists(ctx); err != nil || len(s.Lists) == 0 {
		return s, err
	}
	terms := map[string]bool{}
	for i := range applied {
		e := &applied[i]
		for _, part := range parts(e.Ingredient) {
			terms["ingredient="+part] = true
		}
		if e.TradeName != "" {
			terms["trade="+fold(e.TradeName)] = true
		}
		if e.Registration != "" {
			terms["registration="+fold(e.Registration)] = true
		}
	}
	seen := map[string]bool{}
	s.Rows = map[string][]Substance{}
	read := func(terms map[string]bool) error {
		return eachSubstance(ctx, l, terms, func(row Substance) {
			if key := row.List + "/" + strconv.Itoa(row.Row); !seen[key] {
				seen[key] = true
				s.Rows[row.List] = append(s.Rows[row.List], row)
			}
		})
	}
	if err := read(terms); err != nil {
		return s, err
	}
	// What is banned is banned by its ingredient, which an entry may not name but a list does.
	more := map[string]bool{}
	for _, rows := range s.Rows {
		for i := range rows {
			for _, part := range parts(rows[i].Ingredient) {
				if term := "ingredient=" + part; !terms[term] {
					more[term] = true
				}
			}
		}
	}
	return s, read(more)
}

// eachSubstance reads the rows that carry one of some terms.
func eachSubstance(ctx context.Context, l *Ledger, terms map[string]bool, each func(Substance)) error {
	for row, err := range withAny(ctx, l.DB, substances, slices.Collect(maps.Keys(terms)), store.Query{}) {
		if err != nil {
			return err
		}
		each(row.Value)
	}
	return nil
}
