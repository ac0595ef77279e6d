package trace

import (
	"strings"
)

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

// measured is a quantity of a product, whose pieces may have a net content.
type measured struct {
	Quantity
	netContent string
}

// measure is a unit as a number of the smallest unit of its dimension.
type measure struct {
	dimension string
	factor    int64
}

var measures = map[string]measure{
	"GRM": {"mass", 1}, "KGM": {"mass", 1000}, "TNE": {"mass", 1_000_000},
	"MLT": {"volume", 1}, "LTR": {"volume", 1000},
}

// netUnits are the units as they are written on packages.
var netUnits = map[string]string{
	"g": "GRM", "gr": "GRM", "gram": "GRM", "kg": "KGM", "tấn": "TNE", "ml": "MLT", "l": "LTR", "lít": "LTR", "lit": "LTR",
}

// ParseNetContent reads what one package holds, such as "500 g" or "1,5 lít". ok is false if it cannot be
// read with certainty.
func ParseNetContent(s string) (q Quantity, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	at := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != ',' && r != '.' })
	if at <= 0 {
		return q, false
	}
	number, unit := s[:at], strings.TrimSpace(s[at:])
	if strings.Count(number, ",")+strings.Count(number, ".") > 1 {
		return q, false
	}
	// "1.000 g" is a thousand grams to whoever printed it, and one to a machine.
	number = strings.ReplaceAll(number, ",", ".")
	if _, decimals, found := strings.Cut(number, "."); found && len(decimals) == 3 {
		return q, false
	}
	value, ok := ParseAmount(number)
	uom, known := netUnits[unit]
	return Quantity{Value: value, UOM: uom}, ok && known && value > 0
}

// maxSum bounds sums in thousandths of the smallest unit, so that they never overflow.
const maxSum = int64(1e18)

// balance compares what went in with what came out. Amounts of one unit are added as they are; others
// are brought to the smallest unit of their dimension, pieces by the net content of their product. What
// cannot be brought to one unit is not compared.
func balance(in, out []measured, loss *Quantity) MassBalance {
	all := append(append([]measured{}, in...), out...)
	if loss != nil {
		all = append(all, measured{Quantity: *loss})
	}
	same := true
	for _, m := range all {
		same = same && m.UOM == all[0].UOM
	}
	if same {
		b := MassBalance{Compared: true, UOM: all[0].UOM}
		for _, m := range in {
			b.In += m.Value
		}
		for _, m := range out {
			b.Out += m.Value
		}
		if loss != nil {
			b.Loss = loss.Value
		}
		return b
	}
	dimension := ""
	sum := func(list []measured) (total Amount, why string) {
		for _, m := range list {
			value, d, why := m.smallest()
			if why == "" && dimension != "" && d != dimension {
				why = "units_differ"
			}
			if why == "" && int64(total)+value > maxSum {
				why = "too_large"
			}
			if why != "" {
				return 0, why
			}
			dimension, total = d, total+Amount(value)
		}
		return total, ""
	}
	b := MassBalance{}
	for _, side := range []struct {
		list []measured
		to   *Amount
	}{{in, &b.In}, {out, &b.Out}, {all[len(in)+len(out):], &b.Loss}} {
		if *side.to, b.Why = sum(side.list); b.Why != "" {
			return MassBalance{Why: b.Why}
		}
	}
	b.Compared, b.UOM = true, map[string]string{"mass": "GRM", "volume": "MLT"}[dimension]
	return b
}

// smallest is the amount in thousandths of the smallest unit of its dimension, or why there is none.
func (m measured) smallest() (value int64, dimension, why string) {
	if unit, ok := measures[m.UOM]; ok {
		if int64(m.Value) > maxSum/unit.factor {
			return 0, "", "too_large"
		}
		return int64(m.Value) * unit.factor, unit.dimension, ""
	}
	net, ok := ParseNetContent(m.netContent)
	if !ok {
		return 0, "", "net_content"
	}
	unit := measures[net.UOM]
	each := int64(net.Value) * unit.factor // thousandths of the smallest unit in one piece
	if int64(m.Value) > maxSum/each {
		return 0, "", "too_large"
	}
	// A product of thousandths by thousandths; half pieces make no smaller part than a thousandth.
	return int64(m.Value) * each / 1000, unit.dimension, ""
}

// inUnit is a quantity in another unit of its dimension. ok is false if it cannot be said exactly.
func inUnit(q Quantity, uom, netContent string) (a Amount, ok bool) {
	if q.UOM == uom {
		return q.Value, true
	}
	value, dimension, why := measured{q, netContent}.smallest()
	to, known := measures[uom]
	if why != "" || !known || to.dimension != dimension || value%to.factor != 0 {
		return 0, false
	}
	return Amount(value / to.factor), true
}
