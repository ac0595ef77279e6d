package trace

import (
	"fmt"
	"strconv"
	"time"
)

// Period is a time that is reported on: a year, a half, a quarter or a month of it.
type Period struct {
	// ID is "2026", "2026-H1", "2026-Q3" or "2026-11".
	ID string
	// From and To are its first and last day.
	From, To Date
}

// ParsePeriod reads a period's ID. ok is false for anything else.
func ParsePeriod(id string) (p Period, ok bool) {
	if len(id) < 4 {
		return p, false
	}
	year, err := strconv.Atoi(id[:4])
	if err != nil || year < firstYear || year > lastYear {
		return p, false
	}
	month, months := 1, 0
	switch rest := id[4:]; {
	case rest == "":
		months = 12
	case rest == "-H1", rest == "-H2":
		months = 6
		month += 6 * int(rest[2]-'1')
	case len(rest) == 3 && rest[:2] == "-Q" && rest[2] >= '1' && rest[2] <= '4':
		months = 3
		month += 3 * int(rest[2]-'1')
	case len(rest) == 3 && rest[0] == '-':
		if month, err = strconv.Atoi(rest[1:]); err != nil || month < 1 || month > 12 || rest[1] == '+' {
			return p, false
		}
		months = 1
	default:
		return p, false
	}
	first := time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	return Period{ID: id, From: DateOf(first), To: DateOf(first.AddDate(0, months, -1))}, true
}

// months is how many months the period has.
func (p Period) months() int {
	from, to := p.From.Time(time.UTC), p.To.Time(time.UTC)
	return (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month()) + 1
}

// move is the period of the same length so many months later.
func (p Period) move(months int) Period {
	t := p.From.Time(time.UTC).AddDate(0, months, 0)
	id := strconv.Itoa(t.Year())
	switch p.months() {
	case 6:
		id += fmt.Sprintf("-H%d", (int(t.Month())-1)/6+1)
	case 3:
		id += fmt.Sprintf("-Q%d", (int(t.Month())-1)/3+1)
	case 1:
		id += fmt.Sprintf("-%02d", t.Month())
	}
	q, _ := ParsePeriod(id)
	return q
}

// Previous is the period before, of the same length.
func (p Period) Previous() Period { return p.move(-p.months()) }

// YearBefore is the same period of the year before.
func (p Period) YearBefore() Period { return p.move(-12) }

// PeriodsAround lists what is usually asked for on a day: its quarter, half-year and year, and those
// before them, the latest first.
func PeriodsAround(day Date) (out []Period) {
	t := day.Time(time.UTC)
	for _, id := range []string{
		fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())-1)/3+1), fmt.Sprintf("%d-H%d", t.Year(), (int(t.Month())-1)/6+1),
		strconv.Itoa(t.Year()),
	} {
		p, _ := ParsePeriod(id)
		out = append(out, p, p.Previous())
		if p.months() == 3 {
			out = append(out, p.Previous().Previous(), p.YearBefore())
		}
	}
	return out
}
