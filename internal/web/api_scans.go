package web

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"truynguon/internal/trace"
)

// scanReportView is how often something was scanned over some days.
type scanReportView struct {
	// From is the first day.
	From trace.Date `json:"from"`
	// To is the last day.
	To trace.Date `json:"to"`
	// Scans counts looks at the page; those of programs and of people who work here are not counted.
	Scans int `json:"scans"`
	// Visits counts those by a visitor who had not looked at the same in the same hour.
	Visits int `json:"visits"`
	// Devices counts scans by kind of device.
	Devices []scanShareView `json:"devices"`
	// Regions counts scans by region, as far as it is known.
	Regions []scanShareView `json:"regions"`
	// Days are those with scans, oldest first.
	Days []scanDayView `json:"days"`
}

// scanShareView is how many scans were of one kind.
type scanShareView struct {
	// Key is the kind of device (phone, tablet, desktop, other) or the region.
	Key string `json:"key"`
	// Scans is how many.
	Scans int `json:"scans"`
}

// scanDayView is how often something was scanned on a day.
type scanDayView struct {
	// Day is in the site's time zone.
	Day trace.Date `json:"day"`
	// Scans and Visits are as those of the whole.
	Scans int `json:"scans"`
	// Visits is as that of the whole.
	Visits int `json:"visits"`
	// Hours are the scans of each hour of the day, 24 numbers.
	Hours []int `json:"hours"`
}

func viewScans(r trace.ScanReport) scanReportView {
	v := scanReportView{
		From: r.From, To: r.To, Scans: r.Scans, Visits: r.Visits, Days: []scanDayView{},
		Devices: sharesOf(r.Devices), Regions: sharesOf(r.Regions),
	}
	for _, d := range r.Days {
		v.Days = append(v.Days, scanDayView{d.Day, d.Scans, d.Visits, d.Hours[:]})
	}
	return v
}

// sharesOf lists counts, the greatest first.
func sharesOf[K ~string](counts map[K]int) []scanShareView {
	out := []scanShareView{}
	for k, n := range counts {
		out = append(out, scanShareView{string(k), n})
	}
	slices.SortFunc(out, func(a, b scanShareView) int {
		if a.Scans != b.Scans {
			return b.Scans - a.Scans
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out
}

// scanOperations are what programs may ask about scans.
func (s *Server) scanOperations() []operation {
	days := []parameter{
		{name: "from", kind: "string", about: "The first day, such as 2026-11-01; thirty days are answered if it is not given."},
		{name: "to", kind: "string", about: "The last day; today if it is not given."},
	}
	out := reflect.TypeFor[scanReportView]()
	return []operation{
		{
			method: get, path: "/batches/{id}/scans", id: "get_batch_scans", who: insiders, success: http.StatusOK, query: days,
			summary: "How often a lot was scanned, by day, hour, kind of device and region.", out: out, outTypes: []string{typeJSON},
			handle: func(c *request) error {
				r, err := s.Ledger.Scans(c.ctx(), c.actor, c.Params("id"), trace.Date(c.Query("from")), trace.Date(c.Query("to")))
				if err != nil {
					return err
				}
				return s.reply(c, reply{status: http.StatusOK, body: viewScans(r)})
			},
		},
		{
			method: get, path: "/organisations/{id}/scans", id: "get_organisation_scans", who: insiders, success: http.StatusOK, query: days,
			summary: "How often an organisation's lots were scanned, by day, hour, kind of device and region.", out: out, outTypes: []string{typeJSON},
			handle: func(c *request) error {
				r, err := s.Ledger.OrganisationScans(c.ctx(), c.actor, c.Params("id"), trace.Date(c.Query("from")), trace.Date(c.Query("to")))
				if err != nil {
					return err
				}
				return s.reply(c, reply{status: http.StatusOK, body: viewScans(r)})
			},
		},
	}
}
