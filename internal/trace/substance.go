package trace

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// SubstanceStatus is what a list says of a substance.
type SubstanceStatus string

// The statuses. Removed takes away what an earlier list permitted.
const (
	Permitted SubstanceStatus = "permitted"
	Banned    SubstanceStatus = "banned"
	Removed   SubstanceStatus = "removed"
)

// SubstanceStatuses lists the statuses.
var SubstanceStatuses = []SubstanceStatus{Permitted, Banned, Removed}

// DoseUnits are the units of a dose: an amount (UN/CEFACT Recommendation 20) per hectare or per litre of water.
var DoseUnits = []string{"KGM/HAR", "GRM/HAR", "LTR/HAR", "MLT/HAR", "GRM/LTR", "MLT/LTR"}

// SubstanceList is one version of the permitted and banned plant-protection products: what one circular says.
// A full list takes the place of all before it from its first day; an amendment changes the full list before it.
type SubstanceList struct {
	ID string `json:"id"`
	// Number is that of the circular, as it is written.
	Number string `json:"number"`
	Title  string `json:"title,omitempty"`
	// From and To are its first and last day of force; To is empty if open.
	From Date `json:"from"`
	To   Date `json:"to,omitempty"`
	// Amendment tells that it changes the full list before it.
	Amendment bool `json:"amendment,omitempty"`
	// Sample marks a made-up list: an illustration, and no law.
	Sample bool `json:"sample,omitempty"`
	// Rows is how many rows it has, and SHA256 the digest of the file it was read from.
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
	// ImportedAt is when it was imported.
	ImportedAt time.Time `json:"importedAt"`
	By         Actor     `json:"by"`
}

func (s *SubstanceList) inForce(day Date) bool { return s.From <= day && (s.To == "" || day <= s.To) }

// Substance is one row of a list.
type Substance struct {
	// List is the id of its list, and Row its line there.
	List string `json:"list"`
	// Row is its line there, from 1.
	Row    int             `json:"row"`
	Status SubstanceStatus `json:"status"`
	// Ingredient is the active ingredient; those of a mixture are joined by "+".
	Ingredient string `json:"ingredient"`
	// TradeName is what the label calls it.
	TradeName string `json:"tradeName,omitempty"`
	// Registration is its registration number.
	Registration string `json:"registration,omitempty"`
	// Crop is the id of the crop it is registered for, empty for every crop.
	Crop string `json:"crop,omitempty"`
	// PHIDays is the pre-harvest interval in days, nil if the list gives none.
	PHIDays *int `json:"phiDays,omitempty"`
	// MaxDose is the most that may be used, in DoseUnit; 0 if the list gives none.
	MaxDose Amount `json:"maxDose,omitempty"`
	// DoseUnit is one of DoseUnits.
	DoseUnit string `json:"doseUnit,omitempty"`
	Note     string `json:"note,omitempty"`
}

// fold writes a name so that spellings that people take for the same are the same.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// parts are the ingredients of a mixture, folded and in order.
func parts(ingredient string) (out []string) {
	for _, part := range strings.FieldsFunc(ingredient, func(r rune) bool { return r == '+' || r == ',' || r == ';' }) {
		if part = fold(part); part != "" {
			out = append(out, part)
		}
	}
	slices.Sort(out)
	return out
}

// is reports whether a row is about the product that was applied: by its registration number where both have
// one, and else by the names that both have.
func (s *Substance) is(a *Application) bool {
	if s.Registration != "" && a.Registration != "" {
		return fold(s.Registration) == fold(a.Registration)
	}
	named := false
	if s.Ingredient != "" && a.Ingredient != "" {
		if !slices.Equal(parts(s.Ingredient), parts(a.Ingredient)) {
			return false
		}
		named = true
	}
	if s.TradeName != "" && a.TradeName != "" {
		if fold(s.TradeName) != fold(a.TradeName) {
			return false
		}
		named = true
	}
	return named
}

// Substances are lists with the rows that matter for a question.
type Substances struct {
	Lists []SubstanceList
	// Rows are by the id of their list.
	Rows map[string][]Substance
}

// On answers what the lists say on a day, and the numbers of the lists that say it: the latest full list in
// force, changed by its amendments up to that day. known is false if no full list was in force.
func (s *Substances) On(day Date) (rows []Substance, numbers []string, known bool) {
	lists := slices.Clone(s.Lists)
	slices.SortFunc(lists, func(a, b SubstanceList) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ImportedAt.UnixMilli(), b.ImportedAt.UnixMilli()), cmp.Compare(a.ID, b.ID))
	})
	base := -1
	for i := range lists {
		if !lists[i].Amendment && lists[i].inForce(day) {
			base = i
		}
	}
	if base < 0 {
		return nil, nil, false
	}
	for i := range lists {
		l := &lists[i]
		if i != base && (!l.Amendment || !l.inForce(day) || l.From < lists[base].From) {
			continue
		}
		numbers = append(numbers, l.Number)
		for _, row := range s.Rows[l.ID] {
			rows = slices.DeleteFunc(rows, func(old Substance) bool { return old.List != row.List && row.replaces(&old) })
			if row.Status != Removed {
				rows = append(rows, row)
			}
		}
	}
	return rows, numbers, true
}

// replaces reports whether a row of an amendment takes the place of an earlier row.
func (s *Substance) replaces(old *Substance) bool {
	if !slices.Equal(parts(s.Ingredient), parts(old.Ingredient)) {
		return false
	}
	if s.Status == Removed { // of the whole product, of one trade name, or for one crop
		return (s.TradeName == "" || fold(s.TradeName) == fold(old.TradeName)) && (s.Crop == "" || s.Crop == old.Crop)
	}
	return s.Status == old.Status && fold(s.TradeName) == fold(old.TradeName) && fold(s.Registration) == fold(old.Registration) && s.Crop == old.Crop
}
