package trace

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Regions tells in which region a network address is, by a table that the operator supplies. A nil *Regions
// knows none.
type Regions struct {
	byPrefix map[netip.Prefix]string
	bits     []int // the lengths of prefixes that occur, longest first
	points   map[string]point
}

type point struct{ lat, lon float64 }

// ParseRegions reads a table in CSV (RFC 4180): a network in CIDR notation, a word for the region such as
// VN-33 (ISO 3166-2), and optionally latitude and longitude of its middle in degrees, without which nothing
// is said of distances. A first line that names the columns, and lines that begin with #, are skipped. All
// faults are answered at once, by line.
func ParseRegions(r io.Reader) (*Regions, error) {
	t := &Regions{byPrefix: map[netip.Prefix]string{}, points: map[string]point{}}
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.Comment, in.TrimLeadingSpace, in.ReuseRecord = -1, '#', true, true
	var faults []error
	for first := true; ; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		prefix, err := netip.ParsePrefix(strings.TrimSpace(row[0]))
		switch {
		case err != nil && first && !strings.ContainsAny(row[0], "./:"):
		case err != nil || len(row) != 2 && len(row) != 4:
			faults = append(faults, fmt.Errorf("line %d: want NETWORK,REGION or NETWORK,REGION,LATITUDE,LONGITUDE", line))
		default:
			if err := t.add(prefix.Masked(), row[1:]); err != nil {
				faults = append(faults, fmt.Errorf("line %d: %w", line, err))
			}
		}
		if len(faults) >= 20 {
			break
		}
	}
	slices.Sort(t.bits)
	slices.Reverse(t.bits)
	return t, errors.Join(faults...)
}

func (t *Regions) add(prefix netip.Prefix, rest []string) error {
	region := strings.TrimSpace(rest[0])
	if region == "" || len(region) > 20 || strings.ContainsAny(region, " /\\\"<>") {
		return fmt.Errorf("region %.30q", region)
	}
	t.byPrefix[prefix] = strings.Clone(region)
	if !slices.Contains(t.bits, prefix.Bits()) {
		t.bits = append(t.bits, prefix.Bits())
	}
	if len(rest) == 3 {
		lat, err1 := strconv.ParseFloat(strings.TrimSpace(rest[1]), 64)
		lon, err2 := strconv.ParseFloat(strings.TrimSpace(rest[2]), 64)
		if err1 != nil || err2 != nil || !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) {
			return fmt.Errorf("position %.20q, %.20q", rest[1], rest[2])
		}
		t.points[t.byPrefix[prefix]] = point{lat, lon}
	}
	return nil
}

// Of answers the region of an address, by the longest prefix that holds it; empty if none does.
func (t *Regions) Of(address string) string {
	if t == nil {
		return ""
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	for _, bits := range t.bits {
		if prefix, err := a.Prefix(bits); err == nil {
			if region, ok := t.byPrefix[prefix]; ok {
				return region
			}
		}
	}
	return ""
}

// Distance is how far two regions are apart, in kilometres on the surface of the earth. ok is false if that
// is not known.
func (t *Regions) Distance(a, b string) (km float64, ok bool) {
	if t == nil {
		return 0, false
	}
	p, okP := t.points[a]
	q, okQ := t.points[b]
	if !okP || !okQ {
		return 0, false
	}
	const radius, rad = 6371, math.Pi / 180
	h := math.Pow(math.Sin((q.lat-p.lat)*rad/2), 2) + math.Cos(p.lat*rad)*math.Cos(q.lat*rad)*math.Pow(math.Sin((q.lon-p.lon)*rad/2), 2)
	return 2 * radius * math.Asin(math.Sqrt(min(1, h))), true
}
