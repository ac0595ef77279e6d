package locale

import (
	"strings"
	"time"

	"truynguon/internal/fault"
)

// Date writes a day such as "2026-03-10" as people do: "10/03/2026" in Vietnamese (day, month, year
// is the order that labels must have, Nghị định 37/2026 Đ46), "10 March 2026" in English. Anything
// that is no day of the calendar comes back unchanged: it is shown as it was recorded.
func (p *Printer) Date(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return p.layout(t, p.date)
}

// Time writes an instant in the printer's zone, to the minute: "14:05 ngày 10/03/2026", "14:05 on
// 10 March 2026". The zero time is an empty text.
func (p *Printer) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.layout(t.In(p.zone), p.time)
}

// layout formats as package time does, but with the language's own names of the months.
func (p *Printer) layout(t time.Time, layout string) string {
	before, after, named := strings.Cut(layout, "January")
	if !named {
		return t.Format(layout)
	}
	return t.Format(before) + p.months[t.Month()-1] + t.Format(after)
}

// ParseDate reads a day that a person typed and returns it as "2026-03-10". It takes day, month and
// year in this order, separated by "/", "-" or "." with or without leading zeros and spaces, or the
// year first; the year always has four digits, so that no order is ever guessed. The month never
// comes first. The fault has the code "date_malformed" and what was typed as its argument.
func ParseDate(s string) (string, error) {
	bad := fault.New(fault.Invalid, "date_malformed", shorten(s))
	if len(s) > 64 {
		return "", bad
	}
	fields := strings.FieldsFunc(strings.Join(strings.Fields(s), ""), func(r rune) bool {
		return r == '/' || r == '-' || r == '.'
	})
	if len(fields) != 3 || strings.Count(s, "/")+strings.Count(s, "-")+strings.Count(s, ".") != 2 {
		return "", bad
	}
	if len(fields[0]) != 4 {
		fields[0], fields[2] = fields[2], fields[0]
	}
	if len(fields[0]) != 4 || len(fields[1]) > 2 || len(fields[2]) > 2 {
		return "", bad
	}
	t, err := time.Parse("2006-1-2", strings.Join(fields, "-"))
	if err != nil {
		return "", bad
	}
	return t.Format(time.DateOnly), nil
}

// shorten cuts what is repeated in a message, so that a hostile text is not echoed at length.
func shorten(s string) string {
	const max = 40
	if r := []rune(s); len(r) > max {
		return string(r[:max]) + "…"
	}
	return s
}
