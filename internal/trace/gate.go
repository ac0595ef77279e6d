package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The safety gate is a pure function of what the diary says. For a lot harvested on day H from plots P, every
// application a on one of them in the crop cycle with date(a) ≤ H has an earliest harvest, date(a) + PHI(a) in
// local calendar days, and H must not be before it; H equal to it passes (Luật BVKDTV 41/2013 Đ3.22). PHI(a) is
// the longer of what the list says for that crop and what the farmer entered. A treatment after harvest
// counts to the release of the lot (Đ3.22, second limb). What is not known is undetermined, and undetermined
// is held, never passed.

// GateResult is the answer of the safety gate, or of one of its lines.
type GateResult string

// The results. GateWarning and GateNotKnown are results of lines only: they are told, and decide nothing.
const (
	GateNotApplicable GateResult = "not_applicable" // nothing grown is in it: a pre-harvest interval says nothing
	GateSatisfied     GateResult = "satisfied"      // by the producer's own diary
	GateUndetermined  GateResult = "undetermined"   // something needed is not known
	GateViolated      GateResult = "violated"
	GateWarning       GateResult = "warning"
	GateNotKnown      GateResult = "not_known"
)

// GateResults lists the results.
var GateResults = []GateResult{GateNotApplicable, GateSatisfied, GateUndetermined, GateViolated, GateWarning, GateNotKnown}

// rank orders results from the best to the worst; what decides nothing ranks lowest.
func (r GateResult) rank() int {
	return slices.Index([]GateResult{GateWarning, GateNotKnown, GateNotApplicable, GateSatisfied, GateUndetermined, GateViolated}, r)
}

// GateCheck names what a line of the gate is about.
type GateCheck string

// The checks of the gate.
const (
	GateDiary     GateCheck = "diary"     // a diary is kept that covers the harvest
	GatePHI       GateCheck = "phi"       // the pre-harvest interval
	GateTreatment GateCheck = "treatment" // the interval from a post-harvest treatment to release
	GateBanned    GateCheck = "banned"    // not banned on the day it was used
	GatePermitted GateCheck = "permitted" // on the permitted list of that day, for that crop
	GateExpiry    GateCheck = "expiry"    // used before its expiry
	GateDose      GateCheck = "dose"      // not more than the label allows
	GateLabel     GateCheck = "label"     // an interval that is worth a look at the label
	GatePart      GateCheck = "part"      // a lot that it was made of
)

// GateChecks lists the checks.
var GateChecks = []GateCheck{GateDiary, GatePHI, GateTreatment, GateBanned, GatePermitted, GateExpiry, GateDose, GateLabel, GatePart}

// GateLine is one finding with its arithmetic. The words for it have the catalogue key Key, with the
// arguments in the places {0}, {1}, …; days are texts such as "2026-03-10".
type GateLine struct {
	Check  GateCheck  `json:"check"`
	Result GateResult `json:"result"`
	Reason string     `json:"reason"`
	Args   []any      `json:"args,omitempty"`
	// Entry is the id of the diary entry, and Place that of the plot, if it is about one. They are for the
	// organisation's own people, and not told to the public.
	Entry string `json:"entry,omitempty"`
	Place string `json:"place,omitempty"`
	// Batch is the code of the lot it is about, if it is not the lot itself but one that it was made of.
	Batch string `json:"batch,omitempty"`
}

// Key is the catalogue key of the words for the line.
func (l GateLine) Key() string { return "gate." + string(l.Check) + "." + l.Reason }

// decides reports whether a line keeps a lot from release.
func (l GateLine) decides() bool { return l.Result == GateViolated || l.Result == GateUndetermined }

// Gate is the answer of the safety gate with the lines it rests on, the worst first.
type Gate struct {
	Result GateResult `json:"result"`
	Lines  []GateLine `json:"lines"`
	// NoDiary tells that it is undetermined for the one reason that no diary at all is kept of where the lot
	// came from.
	NoDiary bool `json:"noDiary,omitempty"`
}

// Passes reports whether the gate is no obstacle: satisfied, or not applicable. Undetermined never passes.
func (g *Gate) Passes() bool { return g.Result == GateSatisfied || g.Result == GateNotApplicable }

// Deciding are the lines because of which it does not pass.
func (g *Gate) Deciding() (out []GateLine) {
	for _, l := range g.Lines {
		if l.decides() {
			out = append(out, l)
		}
	}
	return out
}

// Public is the gate as anybody may know it: without the ids of entries and plots.
func (g *Gate) Public() Gate {
	out := *g
	out.Lines = slices.Clone(g.Lines)
	for i := range out.Lines {
		out.Lines[i].Entry, out.Lines[i].Place = "", ""
	}
	return out
}

// GateFacts are what the gate needs to know of a lot.
type GateFacts struct {
	// Harvest is the day of harvest, empty if not known; Release the day on which the lot is, or would be,
	// put on the market.
	Harvest, Release Date
	// Plots are those it came from; none for what was made of other lots.
	Plots []PlotFacts
	// Treatments are what was applied to it after harvest.
	Treatments []Application
	// Parts are the gates of the lots it was made of, by their code.
	Parts map[string]Gate
	// Cut tells that there are more parts than were looked at.
	Cut bool
	// Lists are the permitted and banned lists, and Crops the crops that are known.
	Lists Substances
	Crops Crops
}

// PlotFacts are what is known of a plot.
type PlotFacts struct {
	Place string
	// Kept tells that a crop cycle or at least one entry is there.
	Kept         bool
	Cycles       []CycleFacts
	Applications []Application
}

// CycleFacts are what the gate needs to know of a crop cycle.
type CycleFacts struct {
	ID, Crop string
	// From and To are its first and last day, empty if open; First is the day of the earliest entry, empty
	// if there is none.
	From, To, First Date
}

func (c *CycleFacts) covers(day Date) bool {
	return (c.From == "" || c.From <= day) && (c.To == "" || day <= c.To)
}

// Application is the use of a plant-protection product, or of a substance on what was harvested.
type Application struct {
	Entry string
	// Cycle is the crop cycle it belongs to, empty if not known, and Crops what was treated.
	Cycle string
	Crops []string
	// Date is the local calendar day, empty if not known.
	Date                                Date
	TradeName, Ingredient, Registration string
	// PHI is the interval in days that the farmer entered, nil if none was.
	PHI *int
	// Dose is how much was used, in DoseUnit; 0 if not known.
	Dose     Amount
	DoseUnit string
	// InputExpiry is the last day on which the input may be used, empty if not known.
	InputExpiry Date
}

// name is how an application is called in a line.
func (a *Application) name() string {
	return cmp.Or(a.TradeName, a.Ingredient, a.Registration, "?")
}

// longPHI is the interval in days beyond which fruit, tea and vegetables are worth a look at the label.
const longPHI = 7

// SafetyGate answers whether a lot may be released as far as the diary can tell. It depends on nothing but the
// facts, and not on the order in which they come.
func SafetyGate(f GateFacts) Gate {
	var g Gate
	add := func(check GateCheck, r GateResult, reason string, l GateLine, args ...any) {
		l.Check, l.Result, l.Reason, l.Args = check, r, reason, args
		g.Lines = append(g.Lines, l)
	}
	for _, p := range f.Plots {
		f.plot(p, add)
	}
	for i := range f.Treatments {
		a := &f.Treatments[i]
		f.application(a, "", GateTreatment, f.Release, add)
	}
	for code, part := range f.Parts {
		add(GatePart, part.Result, string(part.Result), GateLine{Batch: code})
		for _, l := range part.Lines {
			if l.decides() && l.Check != GatePart {
				l.Batch = cmp.Or(l.Batch, code)
				g.Lines = append(g.Lines, l)
			}
		}
	}
	if f.Cut {
		add(GatePart, GateUndetermined, "too_many", GateLine{})
	}
	if len(f.Plots) == 0 && len(f.Parts) == 0 && !f.Cut {
		add(GateDiary, GateUndetermined, reasonNoPlot, GateLine{})
	}
	g.settle(f.Parts)
	return g
}

// The reasons that say that no diary is kept at all.
const (
	reasonNoDiary = "no_diary"
	reasonNoPlot  = "no_plot"
)

// settle orders the lines and draws the conclusion.
func (g *Gate) settle(parts map[string]Gate) {
	slices.SortFunc(g.Lines, func(a, b GateLine) int {
		return cmp.Or(b.Result.rank()-a.Result.rank(), cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Check, b.Check),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Entry, b.Entry), cmp.Compare(fmt.Sprint(a.Args), fmt.Sprint(b.Args)))
	})
	g.Lines = slices.CompactFunc(g.Lines, func(a, b GateLine) bool { // what came by two ways is told once
		return a.Check == b.Check && a.Reason == b.Reason && a.Entry == b.Entry && a.Place == b.Place && a.Batch == b.Batch && fmt.Sprint(a.Args) == fmt.Sprint(b.Args)
	})
	g.Result = GateNotApplicable
	g.NoDiary = true
	for _, l := range g.Lines {
		if l.Result.rank() > g.Result.rank() {
			g.Result = l.Result
		}
		bare := l.Reason == reasonNoDiary || l.Reason == reasonNoPlot || l.Check == GatePart && parts[l.Batch].NoDiary
		if l.decides() && !bare {
			g.NoDiary = false
		}
	}
	g.NoDiary = g.NoDiary && g.Result == GateUndetermined
}

type addLine func(check GateCheck, r GateResult, reason string, l GateLine, args ...any)

// plot judges the applications on one plot.
func (f *GateFacts) plot(p PlotFacts, add addLine) {
	at := GateLine{Place: p.Place}
	switch {
	case !p.Kept:
		add(GateDiary, GateUndetermined, reasonNoDiary, at)
		return
	case f.Harvest == "":
		add(GateDiary, GateUndetermined, "harvest_unknown", at)
		return
	}
	var cycles []CycleFacts
	gathered := true
	from := f.Harvest
	for _, c := range p.Cycles {
		if !c.covers(f.Harvest) {
			continue
		}
		cycles = append(cycles, c)
		from = min(from, c.From)
		crop, known := f.Crops[c.Crop]
		gathered = gathered && known && !crop.gated()
		if !known {
			add(GateDiary, GateUndetermined, "crop_unknown", at)
		}
		if c.First == "" || c.First > f.Harvest {
			add(GateDiary, GateUndetermined, "empty", at, string(f.Harvest))
		}
	}
	if len(cycles) == 0 {
		add(GateDiary, GateUndetermined, "no_cycle", at, string(f.Harvest))
		return
	}
	applied := false
	for i := range p.Applications {
		a := &p.Applications[i]
		in := slices.ContainsFunc(cycles, func(c CycleFacts) bool { return c.ID == a.Cycle })
		switch {
		case a.Date == "" && (in || a.Cycle == ""):
			at := at
			at.Entry = a.Entry
			add(GatePHI, GateUndetermined, "date_unknown", at, a.name())
		case a.Date > f.Harvest || !in && a.Cycle != "" || a.Cycle == "" && a.Date < from:
			continue // for the next harvest, or of another crop
		default:
			f.application(a, p.Place, GatePHI, f.Harvest, add)
		}
		applied = true
	}
	switch {
	case applied:
	case gathered:
		add(GateDiary, GateNotApplicable, "gathered", at)
	default:
		add(GatePHI, GateSatisfied, "none_recorded", at, string(f.Harvest))
	}
}

// application judges one application up to a day: the harvest, or the release.
func (f *GateFacts) application(a *Application, place string, check GateCheck, until Date, add addLine) {
	at := GateLine{Entry: a.Entry, Place: place}
	name := a.name()
	if a.Date == "" {
		add(check, GateUndetermined, "date_unknown", at, name)
		return
	}
	if len(a.Crops) == 0 {
		add(check, GateUndetermined, "crop_unknown", at, name, string(a.Date))
	}
	listed := f.listed(a, at, add)
	if a.InputExpiry != "" && a.Date > a.InputExpiry {
		add(GateExpiry, GateViolated, "expired", at, name, string(a.Date), string(a.InputExpiry))
	}
	phi, source := a.PHI, "entered"
	if listed != nil && (phi == nil || *listed > *phi) {
		phi, source = listed, "listed"
	}
	if phi == nil {
		add(check, GateUndetermined, "phi_unknown", at, name, string(a.Date))
		return
	}
	if *phi > longPHI && slices.ContainsFunc(a.Crops, func(id string) bool { return f.Crops[id].StrictLabel }) {
		add(GateLabel, GateWarning, "long", at, name, *phi, longPHI)
	}
	earliest := a.Date.AddDays(*phi)
	switch {
	case until == "":
		add(check, GateUndetermined, "day_unknown", at, name, string(a.Date), *phi, string(earliest))
	case until < earliest:
		add(check, GateViolated, "too_early_"+source, at, name, string(a.Date), *phi, string(earliest), string(until))
	default:
		add(check, GateSatisfied, "kept_"+source, at, name, string(a.Date), *phi, string(earliest), string(until))
	}
}

// listed judges an application by the lists of its day, and answers the interval that they give for its crops,
// nil if they give none.
func (f *GateFacts) listed(a *Application, at GateLine, add addLine) (phi *int) {
	name := a.name()
	if a.TradeName == "" && a.Ingredient == "" && a.Registration == "" {
		add(GatePermitted, GateUndetermined, "product_unknown", at, string(a.Date))
		return nil
	}
	list, numbers, known := f.Lists.On(a.Date)
	if !known {
		add(GatePermitted, GateNotKnown, "no_list", at, name, string(a.Date))
		return nil
	}
	number := strings.Join(numbers, ", ")
	var matches []Substance
	ingredients := parts(a.Ingredient)
	for _, s := range list {
		if s.Status == Permitted && s.is(a) {
			matches = append(matches, s)
			ingredients = append(ingredients, parts(s.Ingredient)...)
		}
	}
	banned := false
	for _, s := range list {
		if s.Status == Banned && (slices.Contains(ingredients, fold(s.Ingredient)) || s.Ingredient == "" && s.is(a)) {
			banned = true
		}
	}
	switch {
	case banned:
		add(GateBanned, GateViolated, "banned", at, name, string(a.Date), number)
		return nil
	case len(matches) == 0:
		add(GatePermitted, GateViolated, "not_listed", at, name, string(a.Date), number)
		return nil
	}
	add(GatePermitted, GateSatisfied, "listed", at, name, string(a.Date), number)
	for _, crop := range a.Crops {
		on := slices.DeleteFunc(slices.Clone(matches), func(s Substance) bool { return s.Crop != "" && s.Crop != crop })
		if len(on) == 0 {
			add(GatePermitted, GateUndetermined, "off_label", at, name, number, "crop."+crop)
			continue
		}
		var most Amount
		doses := 0
		for _, s := range on {
			if s.PHIDays != nil && (phi == nil || *s.PHIDays > *phi) {
				phi = s.PHIDays
			}
			if s.MaxDose > 0 {
				doses++
				if s.DoseUnit == a.DoseUnit && s.MaxDose > most {
					most = s.MaxDose
				}
			}
		}
		switch {
		case doses == 0:
		case a.Dose == 0 || most == 0:
			add(GateDose, GateNotKnown, "not_comparable", at, name)
		case a.Dose > most:
			add(GateDose, GateViolated, "exceeded", at, name, a.Dose.String(), most.String(), doseUnitKey(a.DoseUnit))
		default:
			add(GateDose, GateSatisfied, "kept", at, name, a.Dose.String(), most.String(), doseUnitKey(a.DoseUnit))
		}
	}
	return phi
}

// doseUnitKey is the catalogue key of a unit of a dose.
func doseUnitKey(unit string) string { return "doseUnit." + strings.Replace(unit, "/", "_", 1) }
