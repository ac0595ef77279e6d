package trace

import (
	"slices"
)

// The checks that a buyer asks of a certificate are separate results, never one green tick. They are a
// pure function of records, used alike by a lot's page, the verification page, the API and coverage.

// Result is the result of one check.
type Result string

// The results of a check. NotKnown is never as good as Passed.
const (
	Passed   Result = "passed"
	Failed   Result = "failed"
	NotKnown Result = "not_known"
)

// CheckID names a check; its catalogue key is "check."+ID.
type CheckID string

// The checks, in the order in which they are shown.
const (
	CheckHolder       CheckID = "holder"       // its holder is the lot's producer
	CheckScope        CheckID = "scope"        // its scope covers the product, the plots and what was done
	CheckDateThen     CheckID = "date_then"    // its dates include the lot's relevant day
	CheckDateNow      CheckID = "date_now"     // its dates include today
	CheckStatusThen   CheckID = "status_then"  // it was not suspended, revoked or superseded on the relevant day
	CheckStatusNow    CheckID = "status_now"   // nor is it today
	CheckIssuer       CheckID = "issuer"       // its issuer was competent when it was issued
	CheckDocument     CheckID = "document"     // its document is here, and is the one that was verified
	CheckVerification CheckID = "verification" // somebody other than its holder has verified it
	CheckVolume       CheckID = "volume"       // the lots under it do not exceed its certified yield
	CheckFindings     CheckID = "findings"     // a test report finds nothing beyond its limits
)

// CheckIDs lists the checks in the order in which they are shown. CheckFindings is a test report's alone.
var CheckIDs = []CheckID{
	CheckHolder, CheckScope, CheckDateThen, CheckDateNow, CheckStatusThen, CheckStatusNow, CheckIssuer,
	CheckDocument, CheckVerification, CheckVolume, CheckFindings,
}

// CheckLine is one check with its result. The words for it have the catalogue key
// "check."+ID+"."+Reason, with the arguments in the places {0}, {1}, …; days are texts such as
// "2026-03-10".
type CheckLine struct {
	ID     CheckID `json:"id"`
	Result Result  `json:"result"`
	Reason string  `json:"reason"`
	Args   []any   `json:"args,omitempty"`
}

// Key is the catalogue key of the words for the line.
func (l CheckLine) Key() string { return "check." + string(l.ID) + "." + l.Reason }

// Checks are the checks of a certificate, in the order of CheckIDs.
type Checks []CheckLine

// Of returns the line of a check, and a NotKnown one if there is none.
func (cs Checks) Of(id CheckID) CheckLine {
	for _, l := range cs {
		if l.ID == id {
			return l
		}
	}
	return CheckLine{ID: id, Result: NotKnown, Reason: "not_asked"}
}

// Sound reports whether the certificate may be built on for the lot: holder, scope, dates, status and
// verification have passed, and no other check has failed. Who issued it, its scan and its volume often
// cannot be known (a yield whose lots were not counted excepted); that alone does not undo what an official has verified. A commitment or exemption that
// an official has taken in is as sound as the law asks it to be, though nobody but the producer vouches
// for it.
func (cs Checks) Sound() bool {
	return cs.passed(CheckHolder, CheckScope, CheckDateThen, CheckDateNow, CheckStatusThen, CheckStatusNow) && cs.upheld()
}

// InForceNow reports whether the certificate by itself, without a lot, is verified and in force today.
func (cs Checks) InForceNow() bool {
	return cs.passed(CheckDateNow, CheckStatusNow) && cs.upheld()
}

// passed reports whether all of some checks have passed.
func (cs Checks) passed(ids ...CheckID) bool {
	return !slices.ContainsFunc(ids, func(id CheckID) bool { return cs.Of(id).Result != Passed })
}

// upheld reports whether somebody vouches for the certificate and no check speaks against it, some excepted.
func (cs Checks) upheld(but ...CheckID) bool {
	if v := cs.Of(CheckVerification); v.Result != Passed && v.Reason != reasonDeclaration {
		return false
	}
	if cs.Of(CheckVolume).Reason == "not_counted" {
		return false // it names a yield, and nobody has counted what was sold under it
	}
	return !slices.ContainsFunc(cs, func(l CheckLine) bool {
		return l.Result == Failed && l.ID != CheckFindings && !slices.Contains(but, l.ID)
	})
}

// reasonDeclaration tells of a commitment or exemption that an official has taken in.
const reasonDeclaration = "declaration"

// CheckFacts are what the checks need to know beside the certificate and the lot.
type CheckFacts struct {
	// Today is the day on which the question is asked.
	Today Date
	// Places are those of the lot by their id.
	Places map[string]Place
	// Documents are those of the certificate by their id, as far as they are kept here.
	Documents map[string]Document
	// Volume is what was counted of the product's lots, nil if nothing was.
	Volume []VolumeGroup
}

// Check looks at a certificate as a basis for a lot. Without a lot (nil) the checks about one are
// NotKnown.
func Check(c *Certificate, s Scheme, b *Batch, f CheckFacts) Checks {
	var day Date
	if b != nil {
		day = c.relevantDay(s, &b.LotFacts)
	}
	scope, _ := c.scope(b, s, f.Places)
	cs := Checks{
		c.checkHolder(b),
		scope,
		c.checkDate(CheckDateThen, b, day),
		c.checkDate(CheckDateNow, nil, f.Today),
		c.checkStatus(CheckStatusThen, b, day),
		c.checkStatus(CheckStatusNow, nil, f.Today),
		c.checkIssuer(s),
		c.checkDocument(f.Documents),
		c.checkVerification(s),
		c.checkVolume(b, s, f),
	}
	if c.Test != nil {
		cs = append(cs, c.checkFindings())
	}
	return cs
}

func line(id CheckID, r Result, reason string, args ...any) CheckLine {
	return CheckLine{ID: id, Result: r, Reason: reason, Args: args}
}

func (c *Certificate) checkHolder(b *Batch) CheckLine {
	switch {
	case b == nil:
		return line(CheckHolder, NotKnown, "no_lot")
	case c.Organisation == "" || b.Organisation == "":
		return line(CheckHolder, NotKnown, "unknown")
	case c.Organisation != b.Organisation:
		return line(CheckHolder, Failed, "other")
	}
	return line(CheckHolder, Passed, "same")
}

// Coverage tells whether a certificate's scope covers a lot.
type Coverage string

// The coverages.
const (
	CoversAll       Coverage = "covers"        // product, places and activities
	CoversNotPlaces Coverage = "covers_partly" // the product, but not all of the places or activities
	CoversNot       Coverage = "covers_not"
)

// ActivitiesOf answers what was done with a lot, as far as its dates and places tell. A place that is not
// in the map tells nothing.
func ActivitiesOf(b *Batch, at map[string]Place) []Activity {
	did := map[Activity]bool{
		ActGrowing:    b.HarvestDate != "",
		ActPacking:    b.PackagingDate != "",
		ActProcessing: b.ProductionDate != "",
	}
	for _, id := range b.Places {
		switch at[id].Type {
		case Plot:
			did[ActGrowing] = true
		case Packhouse:
			did[ActPacking] = true
		case Processing:
			did[ActProcessing] = true
		case Warehouse:
			did[ActStoring] = true
		case Shop:
			did[ActTrading] = true
		}
	}
	var out []Activity
	for _, a := range Activities {
		if did[a] {
			out = append(out, a)
		}
	}
	return out
}

// scope compares a certificate's subjects with a lot. What a subject does not name it does not restrict. A
// plot is covered if one subject of the product names it; places that are no plots matter only to a
// facility's certificate. Where subjects name activities, each of the scheme's activities that was done
// with the lot must be named.
func (c *Certificate) scope(b *Batch, scheme Scheme, at map[string]Place) (CheckLine, Coverage) {
	if b == nil {
		return line(CheckScope, NotKnown, "no_lot"), CoversNotPlaces
	}
	var concerned []Subject
	named := false // the lot itself is named
	for _, s := range c.Subjects {
		if (s.Batch == "" || s.Batch == b.Code) && (s.Product == "" || s.Product == b.Product) {
			concerned = append(concerned, s)
			named = named || s.Batch != ""
		}
	}
	switch {
	case len(c.Subjects) > 0 && len(concerned) == 0:
		return line(CheckScope, Failed, "product"), CoversNot
	case scheme.PerLot && !named:
		return line(CheckScope, NotKnown, "lot_not_named"), CoversNotPlaces
	case len(c.Subjects) == 0:
		return line(CheckScope, Passed, "everything"), CoversAll
	}
	if !slices.ContainsFunc(concerned, func(s Subject) bool { return s.Place == "" }) {
		matter, missing, unknown := 0, 0, 0
		for _, id := range b.Places {
			pl, known := at[id]
			plot := pl.Type == Plot
			switch {
			case !known:
				unknown++
			case plot != (scheme.RelevantDate == "harvest"):
				// A plot is no matter of a facility's certificate, nor a warehouse of a field's.
			default:
				matter++
				if !slices.ContainsFunc(concerned, func(s Subject) bool { return s.Place == id }) {
					missing++
				}
			}
		}
		switch {
		case missing > 0 && scheme.RelevantDate == "harvest":
			return line(CheckScope, Failed, "plots", missing), CoversNotPlaces
		case missing > 0:
			return line(CheckScope, Failed, "places", missing), CoversNotPlaces
		case unknown > 0 || matter == 0: // it is bound to places, and none of the lot's is known to be of that sort
			return line(CheckScope, NotKnown, "places_unknown"), CoversNotPlaces
		}
	}
	if !slices.ContainsFunc(concerned, func(s Subject) bool { return s.Activity == "" }) {
		matter := 0
		for _, a := range ActivitiesOf(b, at) {
			if len(scheme.Activities) > 0 && !slices.Contains(scheme.Activities, a) {
				continue
			}
			matter++
			if !slices.ContainsFunc(concerned, func(s Subject) bool { return s.Activity == a }) {
				return line(CheckScope, Failed, "activity_"+string(a)), CoversNotPlaces
			}
		}
		if matter == 0 {
			return line(CheckScope, NotKnown, "activity_unknown"), CoversNotPlaces
		}
	}
	return line(CheckScope, Passed, "covers"), CoversAll
}

// relevantDay is the day of a lot on which a certificate of a scheme must have been in force.
func relevantDay(s Scheme, f *LotFacts) Date {
	days := []Date{f.HarvestDate, f.ProductionDate, f.PackagingDate}
	if s.RelevantDate == "packaging" {
		days = []Date{f.PackagingDate, f.ProductionDate, f.HarvestDate}
	}
	for _, d := range days {
		if d != "" {
			return d
		}
	}
	return ""
}

// relevantDay is the day of a lot on which this certificate must have been in force. A report about the lot
// itself is written after the lot was made, so its own first day will do.
func (c *Certificate) relevantDay(s Scheme, f *LotFacts) Date {
	day := relevantDay(s, f)
	if s.PerLot && day != "" && day < c.StartDate {
		return c.StartDate
	}
	return day
}

func (c *Certificate) checkDate(id CheckID, b *Batch, day Date) CheckLine {
	switch {
	case id == CheckDateThen && b == nil:
		return line(id, NotKnown, "no_lot")
	case day == "":
		return line(id, NotKnown, "no_day")
	case c.StartDate == "":
		return line(id, NotKnown, "no_start", string(day))
	case day < c.StartDate:
		return line(id, Failed, "not_yet", string(day), string(c.StartDate))
	case c.EndDate != "" && c.EndDate < day:
		return line(id, Failed, "expired", string(day), string(c.EndDate))
	case c.EndDate == "":
		return line(id, Passed, "no_end", string(day), string(c.StartDate))
	case c.EndDate == day:
		return line(id, Passed, "last_day", string(day))
	}
	return line(id, Passed, "within", string(day), string(c.StartDate), string(c.EndDate))
}

func (c *Certificate) checkStatus(id CheckID, b *Batch, day Date) CheckLine {
	switch {
	case id == CheckStatusThen && b == nil:
		return line(id, NotKnown, "no_lot")
	case day == "":
		return line(id, NotKnown, "no_day")
	}
	d := c.DecisionOn(day)
	switch d.Status {
	case CertSuspended, CertRevoked, CertSuperseded, CertRejected:
		if d.Number == "" {
			return line(id, Failed, string(d.Status), string(d.From))
		}
		return line(id, Failed, string(d.Status)+"_by", string(d.From), d.Number)
	}
	if len(c.Verifications) == 0 {
		return line(id, NotKnown, "not_verified")
	}
	if before, ok := c.lawHolding(day); ok {
		return line(id, Passed, "reinstated", string(before.From))
	}
	return line(id, Passed, "clear")
}

func (c *Certificate) checkIssuer(s Scheme) CheckLine {
	if s.SelfDeclared {
		return line(CheckIssuer, NotKnown, "own")
	}
	for _, v := range slices.Backward(c.Verifications) {
		switch {
		case v.IssuerBasis == "" || v.Method == SelfDeclared:
			continue
		case v.IssuerFrom == "" || c.StartDate == "":
			return line(CheckIssuer, NotKnown, "basis_undated", v.IssuerBasis)
		case c.StartDate < v.IssuerFrom:
			return line(CheckIssuer, Failed, "not_yet", v.IssuerBasis, string(v.IssuerFrom), string(c.StartDate))
		case v.IssuerTo != "" && v.IssuerTo < c.StartDate:
			return line(CheckIssuer, Failed, "no_longer", v.IssuerBasis, string(v.IssuerTo), string(c.StartDate))
		}
		return line(CheckIssuer, Passed, "competent", v.IssuerBasis, string(c.StartDate))
	}
	return line(CheckIssuer, NotKnown, "no_ground")
}

func (c *Certificate) checkDocument(kept map[string]Document) CheckLine {
	var verified []string
	if n := len(c.Verifications); n > 0 {
		verified = c.Verifications[n-1].SHA256
	}
	if len(c.Documents) == 0 {
		if len(verified) > 0 {
			return line(CheckDocument, Failed, "altered")
		}
		return line(CheckDocument, NotKnown, "none")
	}
	var here []string
	for _, id := range c.Documents {
		d, ok := kept[id]
		if !ok || d.SHA256 == "" {
			return line(CheckDocument, Failed, "lost")
		}
		here = append(here, d.SHA256)
	}
	if len(verified) == 0 {
		return line(CheckDocument, NotKnown, "unseen")
	}
	for _, sum := range verified {
		if !slices.Contains(here, sum) {
			return line(CheckDocument, Failed, "altered")
		}
	}
	for _, sum := range here {
		if !slices.Contains(verified, sum) {
			return line(CheckDocument, NotKnown, "added")
		}
	}
	return line(CheckDocument, Passed, "same")
}

func (c *Certificate) checkVerification(s Scheme) CheckLine {
	const id = CheckVerification
	if s.NeedsBasis && c.ExemptionBasis == "" {
		return line(id, NotKnown, "no_basis")
	}
	n := len(c.Verifications)
	if n == 0 {
		return line(id, NotKnown, "nobody")
	}
	v := c.Verifications[n-1]
	if s.SelfDeclared {
		return line(id, NotKnown, reasonDeclaration, v.At)
	}
	switch v.Method {
	case OriginalSeen, RegistryConsulted, IssuerConfirmed:
		if v.Source != "" {
			return line(id, Passed, string(v.Method)+"_at", v.At, v.Source)
		}
		return line(id, Passed, string(v.Method), v.At)
	case SelfDeclared:
		return line(id, NotKnown, "self_declared", v.At)
	}
	return line(id, NotKnown, "nobody")
}

func (c *Certificate) checkFindings() CheckLine {
	var over []string
	judged := 0
	for _, a := range c.Test.Analytes {
		switch a.Verdict {
		case Exceeds:
			over = append(over, a.Name)
		case Conforms:
			judged++
		}
	}
	switch {
	case len(over) > 0:
		return line(CheckFindings, Failed, "exceeds", over)
	case judged == 0:
		return line(CheckFindings, NotKnown, "not_judged")
	case judged < len(c.Test.Analytes):
		return line(CheckFindings, NotKnown, "partly_judged", judged)
	}
	return line(CheckFindings, Passed, "conforms", judged)
}
