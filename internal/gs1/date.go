package gs1

import "strconv"

// dateLinter accepts YYMMDD or YYYYMMDD, with DD = 00 for "the month as a whole" where dayless is
// set.
func dateLinter(yearDigits int, dayless bool) linter {
	return func(s string) flaw {
		if len(s) != yearDigits+4 {
			return flaw{code: "gs1_date_length", n: len(s), want: strconv.Itoa(yearDigits + 4)}
		}
		if f := lintNumeric(s); f.bad() {
			return f
		}
		year, month, day := number(s[:yearDigits]), number(s[yearDigits:yearDigits+2]), number(s[yearDigits+2:])
		if yearDigits == 2 {
			// The century does not matter here: 00 is 2000, a leap year, until 2050 and of the
			// other hundreds only 1900 and 2100 would differ.
			year += 2000
		}
		if month < 1 || month > 12 {
			return flaw{code: "gs1_date_month", pos: yearDigits, n: 2}
		}
		if day > daysIn(year, month) || day == 0 && !dayless {
			return flaw{code: "gs1_date_day", pos: yearDigits + 2, n: 2, want: strconv.Itoa(daysIn(year, month))}
		}
		return flaw{}
	}
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && year%100 != 0 || year%400 == 0 {
			return 29
		}
		return 28
	}
	return 31
}

// A Date is a day of the calendar, as AIs 11 to 17 and 7007 hold it. Day 0 means that only the
// month was given; for a date of expiry that is its last day (General Specifications 3.4).
type Date struct {
	Year, Month, Day int
}

// ParseDate reads YYMMDD, DD = 00 included. The two digits of the year are taken as the year from
// 49 before to 50 after thisYear (General Specifications 7.12). The error is a fault.Invalid.
func ParseDate(yymmdd string, thisYear int) (Date, error) {
	if f := linters["yymmd0"](yymmdd); f.bad() {
		return Date{}, f.problem("YYMMDD", yymmdd)
	}
	yy := number(yymmdd[:2])
	year := thisYear - thisYear%100 + yy
	switch diff := yy - thisYear%100; {
	case diff >= 51:
		year -= 100
	case diff <= -50:
		year += 100
	}
	return Date{Year: year, Month: number(yymmdd[2:4]), Day: number(yymmdd[4:])}, nil
}

// Last is the last day that the date can mean: itself, or the end of its month.
func (d Date) Last() Date {
	if d.Day == 0 {
		d.Day = daysIn(d.Year, d.Month)
	}
	return d
}

// String writes the date as 2026-03-10, or as 2026-03 when it has no day.
func (d Date) String() string {
	b := make([]byte, 0, 10)
	b = appendPadded(b, d.Year, 4)
	b = append(b, '-')
	b = appendPadded(b, d.Month, 2)
	if d.Day != 0 {
		b = append(b, '-')
		b = appendPadded(b, d.Day, 2)
	}
	return string(b)
}

// YYMMDD writes the date as an AI holds it.
func (d Date) YYMMDD() string {
	b := make([]byte, 0, 6)
	b = appendPadded(b, d.Year%100, 2)
	b = appendPadded(b, d.Month, 2)
	return string(appendPadded(b, d.Day, 2))
}

func appendPadded(b []byte, n, width int) []byte {
	digits := strconv.Itoa(n)
	for range width - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}
