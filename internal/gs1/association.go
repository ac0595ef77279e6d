package gs1

import "strings"

// checkExclusions applies ex=: which AIs must not stand beside which others. An AI does not exclude
// itself, even where a pattern such as 310n covers it.
func checkExclusions(ais []*AI) error {
	for _, ai := range ais {
		for _, p := range ai.excludes {
			for _, other := range ais {
				if other.Code != ai.Code && p.matches(other) {
					return invalid("gs1_ai_excluded", bracket(ai.Code), bracket(other.Code))
				}
			}
		}
	}
	return nil
}

// checkRequirements applies req=: an AI that says something about a thing needs the AI that
// identifies the thing.
func checkRequirements(ais []*AI) error {
	for _, ai := range ais {
		for _, alternatives := range ai.requires {
			if !anySatisfied(ai, alternatives, ais) {
				return invalid("gs1_ai_required", bracket(ai.Code), describe(alternatives))
			}
		}
	}
	return nil
}

func anySatisfied(ai *AI, alternatives [][]pattern, ais []*AI) bool {
	for _, all := range alternatives {
		satisfied := true
		for _, p := range all {
			satisfied = satisfied && anyMatches(ai, p, ais)
		}
		if satisfied {
			return true
		}
	}
	return false
}

func anyMatches(ai *AI, p pattern, ais []*AI) bool {
	for _, other := range ais {
		if other.Code != ai.Code && p.matches(other) {
			return true
		}
	}
	return false
}

// describe writes alternatives for a message, such as "(01)+(21), (02)".
func describe(alternatives [][]pattern) string {
	var b strings.Builder
	for i, all := range alternatives {
		if i > 0 {
			b.WriteString(", ")
		}
		for j, p := range all {
			if j > 0 {
				b.WriteByte('+')
			}
			b.WriteString(bracket(p.text))
		}
	}
	return b.String()
}

// checkRepeats lets an AI occur again, as it does when several symbols of an item are read, as long
// as it says the same.
func checkRepeats(es Elements) error {
	for i, e := range es {
		for _, other := range es[i+1:] {
			if e.AI == other.AI && e.Value != other.Value {
				return invalid("gs1_ai_repeated", bracket(e.AI), e.Value, other.Value)
			}
		}
	}
	return nil
}

// checkSignature asks for the serial part of keys that can do without one, when there is a digital
// signature (8030): a signature is for one thing, not for a class of things.
func checkSignature(ais []*AI, es Elements) error {
	if es.Value("8030") == "" {
		return nil
	}
	for i, ai := range ais {
		switch ai.Code {
		case "253", "255", "8003":
			if len(es[i].Value) == ai.Min {
				return invalid("gs1_ai_serial", bracket(ai.Code))
			}
		}
	}
	return nil
}

// A Rule is one of the ways in which AIs depend on each other.
type Rule string

// The rules of [Elements.Check], each alone.
const (
	RuleExclusions   Rule = "mutex"
	RuleRequirements Rule = "requisites"
	RuleRepeats      Rule = "repeats"
	RuleSignature    Rule = "digsig"
)

// CheckRule is [Elements.Check] for one rule.
func (es Elements) CheckRule(rule Rule) error {
	ais, err := es.infos()
	if err != nil {
		return err
	}
	switch rule {
	case RuleExclusions:
		return checkExclusions(ais)
	case RuleRequirements:
		return checkRequirements(ais)
	case RuleRepeats:
		return checkRepeats(es)
	case RuleSignature:
		return checkSignature(ais, es)
	}
	return malformed("gs1_kind", string(rule))
}

// Check says which of the elements contradict each other, lack another, or repeat one with another
// value. It looks at all rules of the dictionary, so give it everything that is on the item.
func (es Elements) Check() error {
	ais, err := es.infos()
	if err != nil {
		return err
	}
	return checkAssociations(ais, es)
}

func checkAssociations(ais []*AI, es Elements) error {
	if err := checkExclusions(ais); err != nil {
		return err
	}
	if err := checkRequirements(ais); err != nil {
		return err
	}
	if err := checkRepeats(es); err != nil {
		return err
	}
	return checkSignature(ais, es)
}

func (es Elements) infos() ([]*AI, error) {
	ais := make([]*AI, len(es))
	for i, e := range es {
		if ais[i] = e.info(); ais[i] == nil {
			return nil, malformed("gs1_ai_unknown", e.AI)
		}
	}
	return ais, nil
}
