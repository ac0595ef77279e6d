package gs1

import (
	"truynguon/internal/fault"
)

// A flaw is what is wrong with a value: where, and what would have been right. It is a plain value
// so that checking costs nothing while all is well; it becomes a [fault.Problem] only at the edge.
type flaw struct {
	code string // "" means that nothing is wrong
	pos  int    // first offending byte of the value
	n    int    // how many bytes offend; 0 when something is missing
	want string // what was expected, where that can be said
}

func (f flaw) bad() bool { return f.code != "" }

// shift moves the flaw from a component to the value that holds the component.
func (f flaw) shift(by int) flaw {
	f.pos += by
	return f
}

// problem tells the flaw of a value. The arguments of every such message are, in this order: what
// the value is for ("GTIN-13", "(17)"), the value, the offending part, and what was expected.
func (f flaw) problem(what, value string) *fault.Problem {
	part := ""
	if f.pos >= 0 && f.n > 0 && f.pos+f.n <= len(value) {
		part = value[f.pos : f.pos+f.n]
	}
	return fault.New(fault.Invalid, f.code, what, value, part, f.want)
}

// asError keeps a nil pointer from becoming a non-nil error.
func (f flaw) asError(what, value string) error {
	if !f.bad() {
		return nil
	}
	return f.problem(what, value)
}

func malformed(code string, args ...any) error {
	return fault.New(fault.Malformed, code, args...)
}

func invalid(code string, args ...any) error {
	return fault.New(fault.Invalid, code, args...)
}

// bracket writes an AI the way people see it below a barcode: "(10)".
func bracket(ai string) string { return "(" + ai + ")" }
