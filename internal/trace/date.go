package trace

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/fault"
)

// Date is a calendar day as ISO 8601 writes it, "2026-03-10"; the empty Date means that no day is
// known. Days compare as text.
type Date string

// DateOf returns the day of a time in the time's own zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Time returns the first instant of the day in a zone, and the zero time for an empty or impossible
// date.
func (d Date) Time(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// AddDays returns the day n days later, or earlier if n is negative.
func (d Date) AddDays(n int) Date {
	t := d.Time(time.UTC)
	if t.IsZero() {
		return ""
	}
	return DateOf(t.AddDate(0, 0, n))
}

// The years that a date in a record may have. Outside them it is a slip of the pen.
const (
	firstYear = 1990
	lastYear  = 2100
)

// date reads a day that a person or program sent. Faults: "date_malformed" for what is no day of
// the calendar (30 February), "date_out_of_range" for a year nobody can have meant.
func date(p *fault.Problem, pointer, value string) Date {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	t, err := time.Parse(time.DateOnly, value)
	if err != nil {
		p.Add(pointer, "date_malformed", value)
		return ""
	}
	if y := t.Year(); y < firstYear || y > lastYear {
		p.Add(pointer, "date_out_of_range", firstYear, lastYear)
		return ""
	}
	return Date(value)
}

// Amount is a quantity in thousandths of its unit, so that weights add up exactly. It is a plain
// number in JSON: 1250.5.
type Amount int64

const maxAmount = Amount(1e12) // a thousand million units, in thousandths

// ParseAmount reads a decimal number with at most three decimals and no grouping, such as "1250.5".
// ok is false for anything else, for a negative number, and for one beyond a thousand million.
func ParseAmount(s string) (a Amount, ok bool) {
	whole, frac, dot := strings.Cut(strings.TrimSpace(s), ".")
	if whole == "" || len(whole) > 12 || len(frac) > 3 || dot && frac == "" {
		return 0, false
	}
	for len(frac) < 3 {
		frac += "0"
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil || Amount(n) > maxAmount {
		return 0, false
	}
	return Amount(n), true
}

// String returns the number with a decimal point and no superfluous zeros: "1250.5".
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	s := strconv.FormatInt(int64(a/1000), 10)
	if frac := a % 1000; frac != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(int64(frac)+1000, 10)[1:], "0")
	}
	return sign + s
}

// MarshalJSON writes the amount as a JSON number.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON number with at most three decimals.
func (a *Amount) UnmarshalJSON(b []byte) error {
	v, ok := ParseAmount(string(b))
	if !ok {
		return fault.New(fault.Malformed, "amount_malformed", string(b))
	}
	*a = v
	return nil
}

// Decimal is a number as it was sent, not yet checked: the text of a JSON number, or of a string
// that should hold one. It lets a wrong number be named as a field's fault beside the other faults.
type Decimal string

// UnmarshalJSON keeps the text of a number or string.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*d = Decimal(s)
		return nil
	}
	if string(b) == "null" {
		*d = ""
		return nil
	}
	*d = Decimal(b)
	return nil
}

// MarshalJSON writes the text as a number if it is one, and as a string otherwise.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if a, ok := ParseAmount(string(d)); ok {
		return a.MarshalJSON()
	}
	return json.Marshal(string(d))
}

// amount checks a number that was sent: "missing" if it is required and empty, "amount_malformed"
// if it is no number with at most three decimals between 0 and a thousand million, and
// "amount_zero" if it must be more than nothing.
func amount(p *fault.Problem, pointer string, d Decimal, required bool) Amount {
	text := strings.TrimSpace(string(d))
	if text == "" {
		if required {
			p.Add(pointer, "missing")
		}
		return 0
	}
	a, ok := ParseAmount(text)
	switch {
	case !ok:
		p.Add(pointer, "amount_malformed", short(text))
	case required && a == 0:
		p.Add(pointer, "amount_zero")
	}
	return a
}

// short cuts what is repeated in a message, so that hostile input is not echoed at length.
func short(s string) string {
	const max = 40
	if r := []rune(s); len(r) > max {
		return string(r[:max]) + "…"
	}
	return s
}
