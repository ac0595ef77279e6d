package trace

import "time"

// Visited is visits to a label some hours ago, for tests.
type Visited struct {
	HoursAgo int
	Region   string
	N        int
}

// Suspicions applies rules to visits, for tests.
func Suspicions(r CopyRules, visits []Visited, status SerialStatus, state State, since int, now time.Time, distance func(a, b string) (float64, bool)) []CopyReason {
	i := scanItem{Status: status, State: state, Since: now.Add(-time.Duration(since) * time.Hour)}
	for _, v := range visits {
		i.Visits = append(i.Visits, itemVisits{now.Add(-time.Duration(v.HoursAgo) * time.Hour), v.Region, v.N})
	}
	return r.suspicions(&i, time.Time{}, now, distance)
}
