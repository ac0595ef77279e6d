package trace

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Plan is a district's plan for its cooperatives: what the register keeps about organisations, and the
// targets that are measured by it. It is data: an operator changes it without a programmer.
type Plan struct {
	Topics  []Topic  `yaml:"topics"`
	Targets []Target `yaml:"targets"`
}

// Topic is something the register keeps about organisations.
type Topic struct {
	ID    string            `yaml:"id"`
	Names map[string]string `yaml:"names"`
	// Holds tells how long an entry holds: until the next of its topic (state), from its first to its last
	// day (span), or on one day (event).
	Holds string `yaml:"holds"`
	// Number names by language what an entry's number counts, nil if it has none.
	Number map[string]string `yaml:"number"`
	// Choices are the words of which an entry has one, if there are any.
	Choices []string `yaml:"choices"`
	// Judged tells that an authority says so and not the organisation itself.
	Judged bool `yaml:"judged"`
}

// How long an entry of a topic holds.
const (
	HoldsState = "state"
	HoldsSpan  = "span"
	HoldsEvent = "event"
)

// Target is something the plan wants by some day.
type Target struct {
	ID         string            `yaml:"id"`
	Names      map[string]string `yaml:"names"`
	Definition map[string]string `yaml:"definition"`
	// Measure is how it is counted: one of Measures. Of, Topic and Choices say of what.
	Measure string      `yaml:"measure"`
	Of      []LegalType `yaml:"of"`
	Topic   string      `yaml:"topic"`
	Choices []string    `yaml:"choices"`
	// Baseline is what it was, nil if not known; Goals are what it is to be, the earliest first.
	Baseline *Baseline `yaml:"baseline"`
	Goals    []Goal    `yaml:"goals"`
	// Source tells by language where the figures of the target come from, and Status how well that is
	// established.
	Source map[string]string `yaml:"source"`
	Status LawStatus         `yaml:"status"`
}

// Baseline is what a target's figure was on a day.
type Baseline struct {
	On    Date    `yaml:"on"`
	Value float64 `yaml:"value"`
}

// Goal is what a target's figure is to be by a day: so much or more (AtLeast), or more than that (Over).
type Goal struct {
	By      Date    `yaml:"by"`
	AtLeast float64 `yaml:"atLeast"`
	Over    float64 `yaml:"over"`
}

// Value is the number of the goal.
func (g Goal) Value() float64 { return max(g.AtLeast, g.Over) }

// Met reports whether a figure is what the goal wants.
func (g Goal) Met(v float64) bool { return g.Over > 0 && v > g.Over || g.Over == 0 && v >= g.AtLeast }

// The measures of targets; plan.yaml explains each.
const (
	MeasureOrganisations = "organisations"
	MeasureShare         = "share"
	MeasureWith          = "with"
	MeasurePeople        = "people"
	MeasureCoverage      = "coverage"
	MeasureDigital       = "digital"
)

// Measures lists the measures.
var Measures = []string{MeasureOrganisations, MeasureShare, MeasureWith, MeasurePeople, MeasureCoverage, MeasureDigital}

// Percent tells that the target's figure is a percentage, and not a count.
func (t *Target) Percent() bool { return t.Measure != MeasureOrganisations && t.Measure != MeasureWith }

// Topic finds a topic of the plan.
func (p *Plan) Topic(id string) (Topic, bool) {
	if p == nil {
		return Topic{}, false
	}
	i := slices.IndexFunc(p.Topics, func(t Topic) bool { return t.ID == id })
	if i < 0 {
		return Topic{}, false
	}
	return p.Topics[i], true
}

// ParsePlan reads a plan from YAML. Every fault is named.
func ParsePlan(data []byte) (*Plan, error) {
	var p Plan
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	var faults []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("plan: "+format, args...))
		}
	}
	both := func(m map[string]string) bool { return m["vi"] != "" && m["en"] != "" }
	seen := map[string]bool{}
	for _, t := range p.Topics {
		bad(schemeID.MatchString(t.ID) && !seen["topic "+t.ID], "topic %q: not 2 to 40 small letters, digits and underscores, or twice", t.ID)
		seen["topic "+t.ID] = true
		bad(both(t.Names), "topic %s: needs a name in vi and en", t.ID)
		bad(t.Number == nil || both(t.Number), "topic %s: number needs words in vi and en", t.ID)
		bad(slices.Contains([]string{HoldsState, HoldsSpan, HoldsEvent}, t.Holds), "topic %s: holds is %q, not state, span or event", t.ID, t.Holds)
	}
	for _, t := range p.Targets {
		bad(schemeID.MatchString(t.ID) && !seen["target "+t.ID], "target %q: not 2 to 40 small letters, digits and underscores, or twice", t.ID)
		seen["target "+t.ID] = true
		bad(both(t.Names) && both(t.Definition) && both(t.Source), "target %s: needs names, definition and source in vi and en", t.ID)
		bad(slices.Contains(Measures, t.Measure), "target %s: measure %q is not one of %v", t.ID, t.Measure, Measures)
		bad(t.Status.known(), "target %s: status is %q, not verified, secondary or unverified", t.ID, t.Status)
		topic, ok := p.Topic(t.Topic)
		needs := slices.Contains([]string{MeasureShare, MeasureWith, MeasurePeople}, t.Measure)
		bad(ok || !needs && t.Topic == "", "target %s: no topic %q", t.ID, t.Topic)
		for _, c := range t.Choices {
			bad(slices.Contains(topic.Choices, c), "target %s: %q is no choice of %s", t.ID, c, t.Topic)
		}
		for _, f := range t.Of {
			bad(slices.Contains(LegalTypes, f), "target %s: %q is no legal form", t.ID, f)
		}
		bad(t.Baseline == nil || !t.Baseline.On.Time(time.UTC).IsZero(), "target %s: the baseline's day is none", t.ID)
		for i, g := range t.Goals {
			bad(!g.By.Time(time.UTC).IsZero(), "target %s: goal %d: %q is no day", t.ID, i+1, g.By)
			bad((g.AtLeast == 0) != (g.Over == 0), "target %s: goal %d: needs one of atLeast and over", t.ID, i+1)
			bad(i == 0 || t.Goals[i-1].By < g.By, "target %s: goal %d: goals stand in the order of their days", t.ID, i+1)
		}
	}
	return &p, errors.Join(faults...)
}
