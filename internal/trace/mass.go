package trace

// MassBalance compares what went into something with what came out of it. It is a warning with its
// arithmetic, never a verdict: scales differ and leaves dry.
type MassBalance struct {
	// Compared tells whether both sides could be brought to one unit. If not, Why says so: a code with
	// the catalogue key "balance."+code.
	Compared bool   `json:"compared"`
	Why      string `json:"why,omitempty"`
	// In, Out and Loss are in UOM, in thousandths, exact.
	In   Amount `json:"in"`
	Out  Amount `json:"out"`
	Loss Amount `json:"loss"`
	UOM  string `json:"uom,omitempty"`
}

// Excess is how much more came out than went in, loss included; 0 if that is not known or not so.
func (b MassBalance) Excess() Amount {
	if !b.Compared {
		return 0
	}
	return max(0, b.Out+b.Loss-b.In)
}

// Unaccounted is how much went in that is in no output and no stated loss; 0 if not known or not so.
func (b MassBalance) Unaccounted() Amount {
	if !b.Compared {
		return 0
	}
	return max(0, b.In-b.Out-b.Loss)
}
