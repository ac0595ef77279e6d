package epcis

import "time"

// formatTime writes a time with its offset, as xsd:dateTimeStamp. Offsets of whole minutes are all
// that can be written; the odd seconds of local mean time before standard time fall back to UTC.
func formatTime(t time.Time) string {
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	return t.Format(time.RFC3339Nano)
}

// parseTime reads a date-time of RFC 3339, which is what xsd:dateTimeStamp and the JSON form of
// EPCIS share. The offset is kept; decimals beyond nanoseconds are cut off. Leap seconds are
// refused: xsd:dateTime has none.
func parseTime(s string) (time.Time, bool) {
	const shape = "dddd-dd-ddTdd:dd:dd"
	if len(s) <= len(shape) {
		return time.Time{}, false
	}
	for i := range len(shape) {
		switch c := s[i]; shape[i] {
		case 'd':
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
		case 'T':
			if c != 'T' && c != 't' {
				return time.Time{}, false
			}
		default:
			if c != shape[i] {
				return time.Time{}, false
			}
		}
	}
	number := func(from, to int) int {
		n := 0
		for _, c := range []byte(s[from:to]) {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)

	tail := s[len(shape):]
	nanos, scale := 0, 100_000_000
	if tail[0] == '.' {
		n := 1
		for n < len(tail) && tail[n] >= '0' && tail[n] <= '9' {
			nanos += int(tail[n]-'0') * scale
			scale /= 10
			n++
		}
		if n == 1 {
			return time.Time{}, false
		}
		tail = tail[n:]
	}
	offset, ok := parseZone(tail)
	if !ok || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset*60)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone)
	// time.Date turns 31 April into 1 May; that is not what was written.
	return t, t.Day() == day
}

// parseZone reads Z or ±hh:mm and returns minutes east of Greenwich.
func parseZone(s string) (int, bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != 6 || s[3] != ':' || (s[0] != '+' && s[0] != '-') {
		return 0, false
	}
	for _, i := range []int{1, 2, 4, 5} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hours, minutes := int(s[1]-'0')*10+int(s[2]-'0'), int(s[4]-'0')*10+int(s[5]-'0')
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	n := hours*60 + minutes
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

// hashTime writes a time as the event hash wants it: UTC, three decimals, the third rounded up when
// the fourth is 5 or more. Only the fourth counts, so 0.0004999 stays 0.000.
func hashTime(t time.Time) string {
	t = t.UTC().Truncate(100 * time.Microsecond)
	return t.Add(500 * time.Microsecond).Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}
